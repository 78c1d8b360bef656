// Registers a device with Microsoft's client for Node. Reads {"host", "port", "base", "scope", "id", "key"} from stdin,
// prints what it was assigned, or its error. The client knows only port 443 and no path before its own: `http` adds both.
const { Http: Base } = require("azure-iot-http-base");
const { ProvisioningDeviceClient } = require("azure-iot-provisioning-device");
const { Http } = require("azure-iot-provisioning-device-http");
const { SymmetricKeySecurityClient } = require("azure-iot-security-symmetric-key");

const it = JSON.parse(require("fs").readFileSync(0));
const base = new Base();
const http = {
  buildRequest: (method, path, headers, host, done) =>
    base.buildRequest(method, it.base + path, headers, host, { port: it.port }, done),
};
const security = new SymmetricKeySecurityClient(it.id, it.key);
const client = ProvisioningDeviceClient.create(it.host, it.scope, new Http(http), security);
if (it.payload) client.setProvisioningPayload(it.payload);
client.register((error, state) => console.log(JSON.stringify(error ? { error: error.name } : state)));
