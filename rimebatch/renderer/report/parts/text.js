// The text of a job, word for word as it is printed.

// Return the element, of a class, with what it holds; a string is text, never markup.
function make(tag, className, ...content) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...content);
  return element;
}

// Fill the element with the score's text, and note in the score where each piece is.
function showText(element, score) {
  score.wordElements = [];
  score.segmentElements = [];
  let paragraph = null, shown = null;
  for (const segment of score.segments) {
    if (segment.paragraph !== paragraph) {
      paragraph = segment.paragraph;
      shown = element.appendChild(make(segment.isHeading ? "h3" : "p", ""));
    } else {
      shown.append(" ");
    }
    shown.append(...makeMarks(segment), makeSegment(segment, score));
  }
}

function makeMarks(segment) {
  return segment.notes.map(({ level, what }) => {
    const mark = make("span", `mark ${level}`, "!");
    mark.title = what;
    mark.role = "img";
    mark.ariaLabel = `${level}: ${what}`;
    return mark;
  });
}

function makeSegment(segment, score) {
  const levels = segment.notes.map((note) => note.level);
  const level = levels.includes("fault") ? "fault" : levels[0] ?? "";
  const element = make("span", `segment ${level}`);
  element.tabIndex = -1;
  element.dataset.segment = segment.index;
  let place = 0;
  for (let at = segment.firstWord; score.words[at]?.segment === segment.index; at += 1) {
    const { from, to } = score.words[at];
    const word = make("span", "word", segment.text.slice(from, to));
    word.dataset.word = at;
    element.append(segment.text.slice(place, from), word);
    score.wordElements.push(word);
    place = to;
  }
  element.append(segment.text.slice(place));
  score.segmentElements.push(element);
  return element;
}

function describeSegment(segment, count) {
  const tries = segment.tries > 1 ? [`sent ${segment.tries} times`] : [];
  return [
    `Segment ${segment.index + 1} of ${count}`,
    `${segment.chars.toLocaleString("en")} characters`,
    ...tries,
    ...segment.notes.map((note) => note.what),
  ].join(" · ");
}
