// One player for all jobs: what is heard, and where in its text that is.

const bar = document.getElementById("player");
const audio = bar.querySelector("audio");
const seekBar = bar.querySelector("input[type=range]");
const STEP_MS = 5000, PATIENCE_MS = 4000;

let heard = null; // the job in the player
let spot = { word: null, segment: null }; // what is highlighted
let scrolledAt = -Infinity; // when the reader last scrolled away
let frame = 0; // of the screen, the next that shows what is heard

const nowMs = () => Math.round(audio.currentTime * 1000);

// Put the player at a time of a job, and play if it is to.
function seek(job, ms, isToPlay = !audio.paused) {
  if (!job.audio) return;
  if (heard !== job) {
    const before = heard;
    heard = job;
    if (before) drawRow(before);
    audio.src = encodeURIComponent(job.audio);
    audio.playbackRate = Number(bar.querySelector("select").value);
    bar.hidden = false;
    bar.querySelector(".title").textContent = job.title;
    seekBar.max = job.ms;
  }
  audio.currentTime = Math.min(Math.max(ms, 0), job.ms) / 1000;
  scrolledAt = -Infinity;
  if (isToPlay) audio.play().catch(reportUnplayable);
  showPosition();
}

function togglePlay(job = heard) {
  if (heard !== job || audio.paused) seek(job, heard === job && !audio.ended ? nowMs() : 0, true);
  else audio.pause();
}

function reportUnplayable(error) {
  if (error.name === "AbortError") return; // paused, or another job was chosen
  bar.querySelector(".segment").textContent = `${heard.audio} cannot be played: is it beside this page?`;
}

function showPosition() {
  if (!heard) return;
  const ms = nowMs();
  seekBar.value = ms;
  seekBar.ariaValueText = `${formatTime(ms)} of ${formatTime(heard.ms)}`;
  bar.querySelector(".time").textContent = `${formatTime(ms)} / ${formatTime(heard.ms)}`;
  drawWave(bar.querySelector("canvas"), heard, shareHeard(heard));
  drawRow(heard);
  if (heard.score) highlight(heard.score, ms);
}

function drawRow(job) {
  drawWave(job.element.querySelector("canvas"), job, shareHeard(job));
}

const shareHeard = (job) => (job === heard ? nowMs() / job.ms : 0);

// Mark the word and the segment at the time; a word is marked until the next begins.
function highlight(score, ms) {
  const index = Math.max(findAt(score.segmentStarts, ms), 0);
  const at = findAt(score.wordStarts, ms);
  const segment = score.segmentElements?.[index];
  const word = score.words[at]?.segment === index ? score.wordElements?.[at] : null;
  if (segment !== spot.segment) {
    spot.segment?.classList.remove("now");
    segment?.classList.add("now");
    bar.querySelector(".segment").textContent = describeSegment(score.segments[index], score.segments.length);
  }
  if (word !== spot.word) {
    spot.word?.classList.remove("now");
    word?.classList.add("now");
    if (!audio.paused) follow(word ?? segment);
  }
  spot = { word, segment };
}

// Keep what is heard in view, unless the reader has just looked elsewhere.
function follow(element) {
  const isWanted = bar.querySelector(".follow input").checked;
  if (!element || !isWanted || performance.now() - scrolledAt < PATIENCE_MS) return;
  const { top, bottom } = element.getBoundingClientRect();
  if (top < 0 || bottom > bar.getBoundingClientRect().top) element.scrollIntoView({ block: "center" });
}

function showPlaying() {
  for (const job of run.jobs) setPlaying(job.element.querySelector(".play"), job.title, job === heard && !audio.paused);
  if (heard) setPlaying(bar.querySelector(".play"), "", !audio.paused);
  cancelAnimationFrame(frame);
  keepShowing();
}

function setPlaying(button, title, isPlaying) {
  button.classList.toggle("playing", isPlaying);
  button.ariaLabel = `${isPlaying ? "Pause" : "Play"} ${title}`.trim();
}

function keepShowing() {
  showPosition();
  if (!audio.paused) frame = requestAnimationFrame(keepShowing);
}

function playNext() {
  const next = run.jobs.slice(heard.number + 1).find((job) => job.audio);
  if (!next) return;
  if (heard.score) openJob(next);
  seek(next, 0, true);
}

audio.addEventListener("play", showPlaying);
audio.addEventListener("pause", showPlaying);
audio.addEventListener("seeked", showPosition);
audio.addEventListener("ended", playNext);
audio.addEventListener("error", () => reportUnplayable(audio.error));
seekBar.addEventListener("input", () => seek(heard, Number(seekBar.value)));
bar.querySelector(".play").addEventListener("click", () => togglePlay());
bar.querySelector("select").addEventListener("change", (event) => {
  audio.playbackRate = Number(event.target.value);
});
for (const kind of ["wheel", "touchmove"]) {
  addEventListener(kind, () => { scrolledAt = performance.now(); }, { passive: true });
}
