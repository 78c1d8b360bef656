// An OAuth server, oidc-provider, on loopback over TLS. Reads {cert, key, ttl} on stdin, prints its port, runs until stdin
// ends. What a person does in a browser is POST /person/approve or /person/deny with a user code as the body; after
// /person/hurry the next poll came too soon.
import https from "node:https";
import readline from "node:readline";

const { default: Provider, errors } = await import(`${process.env.NODE_PATH}/oidc-provider/lib/index.js`);
const GRANTS = ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"];

const lines = readline.createInterface({ input: process.stdin });
const { cert, key, ttl } = JSON.parse((await lines[Symbol.asyncIterator]().next()).value);
process.stdin.on("end", () => process.exit(0));
process.stdin.resume();

const server = https.createServer({ cert, key });
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const { port } = server.address();
const client = { grant_types: GRANTS, redirect_uris: [], response_types: [] };
const provider = new Provider(`https://127.0.0.1:${port}`, {
  clients: [
    { ...client, client_id: "with secret", client_secret: "s:%+/ secret" },
    { ...client, client_id: "public", token_endpoint_auth_method: "none" },
    { ...client, client_id: "body", client_secret: "body-secret", token_endpoint_auth_method: "client_secret_post" },
  ],
  features: {
    deviceFlow: { enabled: true },
    devInteractions: { enabled: false },
    registration: { enabled: true, initialAccessToken: "initial-token" },
    userinfo: { enabled: true },
  },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  rotateRefreshToken: true,
  scopes: ["openid", "offline_access"],
  ttl: { AccessToken: 3600, Grant: 7200, RefreshToken: 7200, DeviceCode: 600, ...ttl },
});

// The server leaves slow_down to whoever runs it, and has an error for that.
let hurried = false;
const answer = provider.callback();
server.on("request", async (request, response) => {
  const [, person] = request.url.match(/^\/person\/(\w+)$/) ?? [];
  if (person) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    await decide(person, Buffer.concat(chunks).toString());
    response.writeHead(204).end();
  } else if (request.url === "/token" && hurried) {
    hurried = false;
    const { error, error_description, statusCode } = new errors.SlowDown();
    response.writeHead(statusCode, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ error, error_description }));
  } else {
    answer(request, response);
  }
});

async function decide(what, userCode) {
  if (what === "hurry") {
    hurried = true;
    return;
  }
  const code = await provider.DeviceCode.findByUserCode(userCode.replace(/[^A-Z]/g, ""));
  if (what === "approve") {
    const { scope } = code.params;
    const grant = new provider.Grant({ accountId: "person", clientId: code.clientId });
    grant.addOIDCScope(scope);
    Object.assign(code, { accountId: "person", grantId: await grant.save(), scope });
  } else {
    code.error = "access_denied";
  }
  await code.save();
}

console.log(port);
