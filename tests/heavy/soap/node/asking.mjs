// node-soap, unchanged, driven by lines of JSON: a line in is a call, a line out is what the client gave.
//   node asking.mjs       in a folder beside its node_modules
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import soap from "soap";

const clients = {};

function told(content) {
  return `${content.length} bytes, ${createHash("sha256").update(content).digest("hex")}`;
}

async function opened(asked) {
  const options = { wsdl_headers: asked.headers ?? {}, parseResponseAttachments: true };
  const client = await soap.createClientAsync(asked.wsdl, options);
  for (const [name, value] of Object.entries(asked.headers ?? {})) client.addHttpHeader(name, value);
  clients[asked.name] = client;
  const service = Object.values(client.wsdl.definitions.services)[0];
  return { location: Object.values(service.ports)[0].location };
}

async function called(asked) {
  const client = clients[asked.name];
  if (asked.at) client.setEndpoint(asked.at);
  const options = {};
  if (asked.parts) {
    options.forceMTOM = true;
    options.attachments = asked.parts.map((part) => ({
      mimetype: part.type, contentId: part.id, name: part.name, body: Buffer.from(part.base64, "base64"),
    }));
  }
  const method = client[`${asked.operation}Async`];
  const [result, , , , attachments] = await method.call(client, asked.arguments, options);
  const parts = attachments?.parts?.map((part) => ({ id: part.headers["content-id"], body: told(part.body) })) ?? [];
  return { result, parts };
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let said;
  try {
    said = await (asked.wsdl ? opened(asked) : called(asked));
  } catch (error) {
    const fault = error.root?.Envelope?.Body?.Fault;
    said = { error: String(error.message).slice(0, 500), status: error.response?.status, fault };
  }
  console.log(JSON.stringify(said));
}
