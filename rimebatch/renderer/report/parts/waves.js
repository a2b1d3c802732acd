// Waveforms: pairs of lowest and highest sample, drawn as bars.

const BAR = 2, GAP = 1; // CSS pixels

function readPeaks(base64) {
  return Int8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

// What fills the height: one for all jobs, so that quiet ones look quiet beside loud
// ones. It is less than the loudest sample, since bars are means.
function findLoudest(waves) {
  const most = waves.map((wave) => wave.reduce((a, b) => Math.max(a, Math.abs(b)), 1));
  return 0.8 * Math.max(...most, 1);
}

// Draw a job; what has been played, up to a share of it, has a colour of its own.
function drawWave(canvas, job, played) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = window.devicePixelRatio, style = getComputedStyle(canvas);
  canvas.width = width * scale; // which also clears it
  canvas.height = height * scale;
  if (!job.ms) return;
  const context = canvas.getContext("2d");
  const [toCome, gone] = ["--wave", "--accent"].map((name) => style.getPropertyValue(name));
  context.scale(scale, scale);
  for (let x = 0; x + BAR <= width; x += BAR + GAP) {
    const [low, high] = findMean(job.wave, x / width, (x + BAR + GAP) / width);
    const top = (1 - high / loudest) * height / 2;
    const length = Math.max(1, (high - low) / loudest * height / 2);
    context.fillStyle = x < played * width ? gone : toCome;
    context.fillRect(x, top, BAR, length);
  }
  for (const [, start, level] of job.notes) {
    context.fillStyle = style.getPropertyValue(`--${level}`);
    context.fillRect(start / job.ms * width, height - 3, 3, 3);
  }
}

// Return the mean of the pairs in a stretch: of speech the extremes are all alike.
function findMean(wave, from, to) {
  const pairs = wave.length / 2, first = Math.floor(from * pairs);
  const last = Math.max(first + 1, Math.floor(Math.min(to, 1) * pairs));
  let low = 0, high = 0;
  for (let at = first; at < last; at += 1) {
    low += wave[2 * at];
    high += wave[2 * at + 1];
  }
  return [low / (last - first), high / (last - first)];
}
