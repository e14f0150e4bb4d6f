// Runs one program of a request in Node: a world for tests that speaks JavaScript.
// In: {request}, then {value} or {error} to each {call}. Out: {call: digest, arguments}, at last {report}.
"use strict";
const readline = require("readline");
const vm = require("vm");

const lines = readline.createInterface({ input: process.stdin });
const tell = (data) => process.stdout.write(`${JSON.stringify(data)}\n`);
const log = [];
const calls = [];
let answered = null;

lines.on("line", (line) => {
  const message = JSON.parse(line);
  if (message.request) run(message.request);
  else if ("value" in message) answered.resolve(message.value);
  else answered.reject(new Error(message.error));
});

async function run(request) {
  const bot = { chat: (text) => calls.push({ name: "chat", arguments: JSON.stringify(text) }) };
  const loaded = new Map();
  const skillCounts = {};
  const given = (names) =>
    Object.fromEntries(Object.entries(names).map(([name, digest]) => [name, (...all) => {
      skillCounts[name] = (skillCounts[name] || 0) + 1;
      return skill(digest, name)(...all);
    }]));
  const load = (source, entry, names, file) => {
    const scope = { bot, console: { log: (...all) => log.push(all.join(" ")) }, ...given(names) };
    const code = `(function (${Object.keys(scope).join(", ")}) {${source}\nreturn (name) => eval(name)})`;
    return vm.runInThisContext(code, { filename: file })(...Object.values(scope));
  };
  const skill = (digest, name) => {
    const module = request.modules[digest];
    if (module.language === "python")
      return (_, ...rest) => new Promise((resolve, reject) => {
        answered = { resolve, reject };
        tell({ call: digest, arguments: rest });
      });
    if (!loaded.has(digest)) loaded.set(digest, load(module.source, module.entry, module.dependencies, digest));
    return loaded.get(digest)(name);
  };
  const report = {};
  try {
    const main = load(request.source, request.entry, request.roots, "program");
    report.result = (await main(request.entry)(bot, ...request.arguments)) ?? null;
  } catch (error) {
    const place = /(program|[0-9a-f]{64}):(\d+)/.exec(error.stack || "");
    report.failure = { kind: error.name, message: error.message, line: place ? Number(place[2]) : null };
    if (place && place[1] !== "program") report.failure.module = place[1];
  }
  report.log = log.map((text) => `${text}\n`).join("");
  report.calls = calls;
  report.call_count = calls.length;
  report.skills_called = skillCounts;
  tell({ report });
  lines.close();
}
