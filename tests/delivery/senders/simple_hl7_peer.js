// simple-hl7 as an interface engine: prints its port, then the MSH-10 of whatever arrives.
const { createRequire } = require('node:module');
const { resolve } = require('node:path');

const hl7 = createRequire(resolve(process.argv[2], 'package.json'))('simple-hl7');
const app = hl7.tcp();
app.use((request, response, next) => {
  console.log(`got ${request.msg.header.getField(8)} ${request.msg.segments.length}`);
  next();
});
app.use((request, response) => response.end());
app.start(Number(process.argv[3]));
console.log('ready');
