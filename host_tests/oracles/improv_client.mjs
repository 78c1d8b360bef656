// The SDK of Improv's own pages, improv-wifi-serial-sdk, on the serial port that the first argument names. Each line on stdin
// is a call, ["provision", "home", "password"]; the answer is a line on stdout, {value or reason, state, error, nextUrl}.
import fs from "node:fs";
import { register } from "node:module";
import readline from "node:readline";
import { Readable, Writable } from "node:stream";
import tty from "node:tty";

// it is written for bundlers: modules without "type", imports without ".js"
const hooks = `
import fs from "node:fs";
const ours = (url) => url?.includes("/improv-wifi-serial-sdk/");
export const resolve = (name, context, next) => next(ours(context.parentURL) && !name.endsWith(".js") ? name + ".js" : name, context);
export const load = (url, context, next) =>
  ours(url) ? { format: "module", source: fs.readFileSync(new URL(url)), shortCircuit: true } : next(url, context);
`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
const { ImprovSerial } = await import(`${process.env.NODE_PATH}/improv-wifi-serial-sdk/dist/serial.js`);

const descriptor = fs.openSync(process.argv[2], fs.constants.O_RDWR | fs.constants.O_NOCTTY);
const input = new tty.ReadStream(descriptor);
input.setRawMode(true);
const output = new tty.WriteStream(fs.openSync(process.argv[2], fs.constants.O_WRONLY | fs.constants.O_NOCTTY));
const port = { readable: Readable.toWeb(input), writable: Writable.toWeb(output) };
const silent = { log() {}, debug() {}, error() {} };
const client = new ImprovSerial(port, silent);

for await (const line of readline.createInterface({ input: process.stdin })) {
  const [call, ...values] = JSON.parse(line);
  const answer = {};
  try {
    answer.value = await client[call](...values);
  } catch (reason) {
    answer.reason = String(reason?.message ?? reason);
  }
  const { state, error, nextUrl } = client;
  console.log(JSON.stringify({ ...answer, state, error, nextUrl }));
}
process.exit(0);
