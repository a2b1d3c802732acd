// Says what it is given and hears the answer out: node node_say.js URL FILE MESSAGE...
// tests/test_replay.py runs it.

const fs = require("fs");
const WebSocket = require("ws");

const [url, file, ...messages] = process.argv.slice(2);
const socket = new WebSocket(url, { headers: { Authorization: "Bearer any" } });
const heard = [];

socket.on("open", () => messages.forEach((message) => socket.send(message)));
socket.on("message", (data) => heard.push(data.toString()));
socket.on("error", (error) => console.log(`error ${error.message}`));
socket.on("close", (code, reason) => {
  console.log(`close ${code} ${reason}`.trim());
  fs.writeFileSync(file, JSON.stringify(heard));
});
