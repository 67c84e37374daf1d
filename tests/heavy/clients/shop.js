// A program of the sales side with `@odata/client`: version 4, with batches in multipart and in JSON.
"use strict";
const { OData } = require("@odata/client");

const said = {};
async function step(name, work) {
  try {
    said["js_" + name] = { gave: (await work()) ?? null };
  } catch (error) {
    said["js_" + name] = { raised: error.constructor.name, text: String(error.message).slice(0, 2000) };
  }
}

const client = OData.New4({
  serviceEndpoint: process.env.SERVICE + "/odata/v4/shop/",
  commonHeaders: { Authorization: "Bearer " + process.env.TOKEN },
});
const customers = client.getEntitySet("Customers");
const answers = (parts) => Promise.all(parts.map(async (part) => ({ status: part.status, body: await part.text() })));

async function main() {
  await step("one", () => customers.retrieve("C-001"));
  await step("listed", () => customers.query(client.newParam().top(3)));
  await step("found", () => customers.find({ name: "Bo Berg" }));
  await step("found_by_a_hidden_property", () => customers.find({ email: "lin@c1.example" }));
  await step("created", () => customers.create({ ID: "C-077", name: "Ömer Öz", email: "omer@oz.example", phone: "+90 555 1234" }));
  await step("changed", () => customers.update("C-077", { phone: "+90 555 9876" }));
  await step("after", () => customers.retrieve("C-077"));
  await step("written_back", async () => {
    const seen = await customers.retrieve("C-077");
    return customers.update("C-077", { phone: seen.phone });
  });
  const batch = () => [
    client.newBatchRequest({ collection: "Customers", id: "C-002" }),
    client.newBatchRequest({ collection: "Customers", id: "C-077", method: "PATCH", entity: { phone: "+90 555 4321" } }),
    client.newBatchRequest({ collection: "Orders", params: client.newParam().filter("total gt 1000").top(2) }),
  ];
  await step("batch_in_json", async () => answers(await client.execBatchRequestsJson(batch())));
  await step("written_back_in_a_batch", async () => {
    const seen = await customers.retrieve("C-077");
    const requests = [
      client.newBatchRequest({ collection: "Customers", id: "C-005" }),
      client.newBatchRequest({ collection: "Customers", id: "C-077", method: "PATCH", entity: { email: seen.email } }),
    ];
    return answers(await client.execBatchRequestsJson(requests));
  });
  await step("missing", () => customers.retrieve("C-000"));
  await step("deleted", () => customers.delete("C-077"));
  console.log(JSON.stringify(said));
}

main();
