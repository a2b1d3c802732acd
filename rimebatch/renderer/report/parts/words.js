// What is spoken when. Times are milliseconds, places are UTF-16 units of a text.

function readBlock(name) {
  return JSON.parse(document.getElementById(name).textContent);
}

// Return the segments of a job and, over all of them, its words.
function readScore(number) {
  const block = readBlock(`job-${number}`);
  const words = [];
  const segments = block.texts.map((text, index) => {
    const [start, end] = block.times[index];
    const segment = {
      index, text, start, end,
      paragraph: block.paragraphs[index],
      isHeading: block.headings[index],
      chars: block.chars[index],
      tries: block.tries[index],
      firstWord: words.length,
      notes: [],
    };
    unpackWords(block.words[index], segment, words);
    return segment;
  });
  for (const [index, , level, what] of run.jobs[number].notes) {
    segments[index].notes.push({ level, what });
  }
  return {
    segments, words,
    segmentStarts: segments.map((segment) => segment.start),
    wordStarts: words.map((word) => word.start),
  };
}

// Each word is four differences: gap and length in the text, gap and length in time.
function unpackWords(numbers, segment, words) {
  let place = 0, time = segment.start;
  for (let at = 0; at < numbers.length; at += 4) {
    const from = place + numbers[at], start = time + numbers[at + 2];
    place = from + numbers[at + 1];
    time = start + numbers[at + 3];
    words.push({ segment: segment.index, from, to: place, start, end: time });
  }
}

// Return the last index whose start is not after the time, or -1.
function findAt(starts, ms) {
  let low = 0, high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= ms) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function formatTime(ms) {
  const s = Math.floor(ms / 1000), two = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}
