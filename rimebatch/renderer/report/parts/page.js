// The page as a whole: the jobs, the one that is open, the keys, the theme.

const run = readBlock("run");
run.jobs.forEach((job, number) => Object.assign(job, { number, wave: readPeaks(job.peaks) }));
const loudest = findLoudest(run.jobs.map((job) => job.wave));
const problems = run.jobs.flatMap((job) => job.notes.map(([index]) => [job.number, index]));

let opened = null; // the job whose text is shown

const count = (number, what) => `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
const sum = (name) => run.jobs.reduce((total, job) => total + job[name], 0);
const usd = (chars) => `${(chars / 1000 * run.price).toFixed(chars * run.price < 10 ? 4 : 2)} USD`;

function showSummary() {
  const done = run.jobs.filter((job) => job.state === "done").length;
  const [sent, wasted] = [sum("sent"), sum("wasted")];
  const figures = [
    ["Jobs", `${done} of ${run.jobs.length}`, "done"],
    ["Audio", formatTime(sum("ms")), describePace()],
    ["Characters", sum("chars").toLocaleString("en"), `${sum("missing").toLocaleString("en")} not on record`],
    run.runs.length
      ? ["Cost", usd(sent), `${sent.toLocaleString("en")} characters sent, ${wasted.toLocaleString("en")} wasted`]
      : ["Price", usd(sum("chars")), "of all characters; there is no ledger"],
    ["Problems", problems.length.toLocaleString("en"), `in ${count(sum("segments"), "segment")}`],
  ];
  document.getElementById("summary").append(...figures.map(([name, value, more]) =>
    make("div", "", make("dt", "", name), make("dd", "", value), make("dd", "more", more))));
}

// A job without audio was connected, too, but for nothing that could be counted here.
function describePace() {
  const heard = run.jobs.filter((job) => job.audio && job.connected);
  const [ms, s] = ["ms", "connected"].map((name) => heard.reduce((total, job) => total + job[name], 0));
  return s ? `${(ms / 1000 / s).toFixed(1)} × real time on each connection` : "as rendered";
}

function showRuns() {
  document.getElementById("ledger").hidden = !run.runs.length;
  document.querySelector("#ledger tbody").append(...run.runs.map((one) => {
    const cells = [one.recorded_chars, one.sent_chars, one.wasted_chars].map((n) => n.toLocaleString("en"));
    return make("tr", "", ...[one.wall, ...cells, usd(one.sent_chars)].map((text) => make("td", "", text)));
  }));
}

function showJob(job) {
  job.element = document.getElementById("job").content.cloneNode(true).firstElementChild;
  const find = (selector) => job.element.querySelector(selector);
  find(".open").textContent = job.title;
  find(".state").textContent = job.state;
  find(".state").classList.add(job.state);
  find(".length").textContent = job.audio ? formatTime(job.ms) : "–";
  find(".facts").textContent = describeJob(job);
  find(".play").disabled = find("canvas").hidden = !job.audio;
  find(".open").addEventListener("click", () => (opened === job ? closeJob() : openJob(job)));
  find(".play").addEventListener("click", () => {
    if (opened !== job && (heard !== job || audio.paused)) openJob(job);
    togglePlay(job);
  });
  find("canvas").addEventListener("click", (event) => {
    openJob(job);
    seek(job, event.offsetX / event.target.clientWidth * job.ms);
  });
  find(".inside").addEventListener("click", hearWord);
  document.getElementById("jobs").append(job.element);
  new ResizeObserver(() => drawRow(job)).observe(find("canvas"));
}

function describeJob(job) {
  const facts = [count(job.segments, "segment"), count(job.chars, "character")];
  if (job.missing) facts.push(`${job.missing.toLocaleString("en")} not on record`);
  if (job.sent) facts.push(usd(job.sent));
  if (job.wasted) facts.push(`${job.wasted.toLocaleString("en")} wasted`);
  if (job.connections) facts.push(count(job.connections, "connection"));
  if (job.level) facts.push(job.level);
  if (job.notes.length) facts.push(count(job.notes.length, "problem"));
  return facts.map((fact) => fact.replaceAll(" ", "\u00a0")).join(" · ");
}

// Show the text of a job, and of no other: twelve hours of words are many elements.
function openJob(job) {
  if (opened === job) return;
  closeJob();
  opened = job;
  job.score = readScore(job.number);
  const inside = job.element.querySelector(".inside");
  if (job.notes.length) inside.append(makeProblemList(job));
  const text = inside.appendChild(make("div", "text"));
  showText(text, job.score);
  showOpen(job, true);
  if (heard === job) showPosition();
}

function closeJob() {
  if (!opened) return;
  opened.element.querySelector(".inside").replaceChildren();
  showOpen(opened, false);
  opened.score = null;
  opened = null;
  spot = { word: null, segment: null };
}

function showOpen(job, isOpen) {
  job.element.classList.toggle("opened", isOpen);
  job.element.querySelector(".inside").hidden = !isOpen;
  job.element.querySelector(".open").ariaExpanded = isOpen;
}

function makeProblemList(job) {
  const items = job.notes.map(([index, start, level, what]) => {
    const button = make("button", level, `Segment ${index + 1}, ${formatTime(start)}: ${what}`);
    button.addEventListener("click", () => goTo(job, index));
    return make("li", "", button);
  });
  const list = make("details", "problems", make("summary", "", count(items.length, "problem")), make("ul", "", ...items));
  list.open = items.length <= 5;
  return list;
}

// Hear what was clicked: a word, or a segment from its start where it has none there.
function hearWord(event) {
  const segment = event.target.closest(".segment");
  if (!segment || !getSelection().isCollapsed) return;
  const { words, segments } = opened.score;
  const word = words[event.target.dataset.word];
  seek(opened, (word ?? segments[segment.dataset.segment]).start, true);
}

function goTo(job, index) {
  openJob(job);
  seek(job, job.score.segments[index].start);
  const element = job.score.segmentElements[index];
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "center" });
}

function stepSegment(by) {
  const job = opened ?? heard ?? run.jobs[0];
  if (!job) return;
  openJob(job);
  const here = findHere(job);
  const index = here < 0 ? 0 : Math.min(Math.max(here + by, 0), job.segments - 1);
  goTo(job, index);
}

function stepProblem(by) {
  const job = opened ?? heard ?? run.jobs[0];
  if (!job) return;
  openJob(job);
  const here = [job.number, findHere(job)];
  const order = ([a, b]) => Math.sign(a - here[0] || b - here[1]);
  const next = by > 0 ? problems.find((one) => order(one) > 0) : problems.findLast((one) => order(one) < 0);
  if (next) goTo(run.jobs[next[0]], next[1]);
}

// Return the segment that has the focus, or else is heard; -1 for none.
function findHere(job) {
  const focused = document.activeElement?.closest?.(".segment");
  if (focused) return Number(focused.dataset.segment);
  return heard === job ? findAt(job.score.segmentStarts, nowMs()) : -1;
}

const dialog = document.querySelector("dialog");
const KEYS = {
  " ": () => togglePlay(heard ?? opened ?? run.jobs.find((job) => job.audio)),
  ArrowLeft: () => heard && seek(heard, nowMs() - STEP_MS),
  ArrowRight: () => heard && seek(heard, nowMs() + STEP_MS),
  j: () => stepSegment(1),
  k: () => stepSegment(-1),
  n: () => stepProblem(1),
  p: () => stepProblem(-1),
  t: toggleTheme,
  "?": () => dialog.showModal(),
};

function pressKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || dialog.open || !Object.hasOwn(KEYS, event.key)) return;
  const own = event.key === " " ? "button, summary, select, input[type=checkbox]" : "select";
  if (event.target.matches(own)) return; // its own key
  event.preventDefault();
  KEYS[event.key]();
}

function toggleTheme() {
  setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.getElementById("theme").textContent = theme === "dark" ? "Light" : "Dark";
  run.jobs.forEach(drawRow);
  showPosition();
}

showSummary();
showRuns();
run.jobs.forEach(showJob);
const darkness = matchMedia("(prefers-color-scheme: dark)");
setTheme(darkness.matches ? "dark" : "light");
darkness.addEventListener("change", () => setTheme(darkness.matches ? "dark" : "light"));
new ResizeObserver(showPosition).observe(bar);
document.getElementById("theme").addEventListener("click", toggleTheme);
document.getElementById("keys").addEventListener("click", () => dialog.showModal());
document.addEventListener("keydown", pressKey);
