"use strict";

const byId = (id) => document.getElementById(id);
const LAYERS = [[300, 784], [100, 300], [10, 100]], DIGITS = 200, WEIGHTS = 266200;

// bytes of a zlib stream -> the bytes in it
async function unpacked(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

// Each layer's scale, biases and weights, then the digits and their labels: see page.py.
function read(buffer) {
  let at = 0;
  const take = (Kind, count) => {
    const part = new Kind(buffer.slice(at, at + count * Kind.BYTES_PER_ELEMENT));
    at += part.byteLength;
    return part;
  };
  const layers = LAYERS.map(([rows, columns]) => {
    const [scale] = take(Float32Array, 1), bias = take(Float32Array, rows);
    return { rows, columns, bias, weight: Float32Array.from(take(Int8Array, rows * columns), (q) => q * scale) };
  });
  const images = take(Uint8Array, 784 * DIGITS), labels = take(Uint8Array, DIGITS);
  return { layers, labels, images: Array.from({ length: DIGITS }, (_, i) =>
    Float32Array.from(images.subarray(784 * i, 784 * (i + 1)), (v) => v / 255)) };
}

// The places of all weights, smallest magnitude first; of equal ones the earlier first
function ranked(layers) {
  const sizes = new Float32Array(WEIGHTS);
  let at = 0;
  for (const { weight } of layers) for (const w of weight) sizes[at++] = Math.abs(w);
  return Uint32Array.from(sizes.keys()).sort((a, b) => sizes[a] - sizes[b] || a - b);
}

// The weights with the first `count` of `order` set to 0, each layer by columns: [column][row]
function pruned(layers, order, count) {
  const gone = new Uint8Array(WEIGHTS);
  for (let i = 0; i < count; i++) gone[order[i]] = 1;
  let at = 0;
  return layers.map(({ rows, columns, bias, weight }) => {
    const turned = new Float32Array(rows * columns);
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++, at++)
      if (!gone[at]) turned[c * rows + r] = weight[r * columns + c];
    return { rows, columns, bias, turned };
  });
}

// 784 numbers from 0 to 1 -> the ten scores; a column whose input is 0 adds nothing
function logits(net, pixels) {
  let x = pixels;
  net.forEach(({ rows, columns, bias, turned }, place) => {
    const y = Float32Array.from(bias);
    for (let c = 0; c < columns; c++) {
      const value = x[c];
      if (value === 0) continue;
      for (let r = 0, at = c * rows; r < rows; r++, at++) y[r] += turned[at] * value;
    }
    x = place < net.length - 1 ? y.map((v) => Math.max(v, 0)) : y;
  });
  return x;
}

const highest = (scores) => scores.indexOf(Math.max(...scores));

function chances(scores) {
  const top = Math.max(...scores), parts = Array.from(scores, (score) => Math.exp(score - top));
  const all = parts.reduce((a, b) => a + b, 0);
  return parts.map((part) => part / all);
}

// The page ---------------------------------------------------------------------------------------

const drawing = byId("drawing"), board = drawing.getContext("2d", { willReadFrequently: true });
const SIDE = drawing.width, slider = byId("sparsity");
Object.assign(board, { lineWidth: 16, lineCap: "round", lineJoin: "round" });
const bars = Array.from({ length: 10 }, (_, digit) => {
  const [name, bar, value] = ["div", "div", "div"].map((kind) => byId("bars").appendChild(document.createElement(kind)));
  name.textContent = digit;
  bar.className = "bar";
  value.className = "value";
  return { name, bar, value };
});
let given, order, net, taken = -1;

// What is drawn, shrunk to 28 x 28: the mean ink of each 7 x 7 square
function pixels() {
  const { data } = board.getImageData(0, 0, SIDE, SIDE), part = SIDE / 28;
  return Float32Array.from({ length: 784 }, (_, i) => {
    const top = part * Math.floor(i / 28), left = part * (i % 28);
    let ink = 0;
    for (let y = top; y < top + part; y++) for (let x = left; x < left + part; x++) ink += data[4 * (y * SIDE + x) + 3];
    return ink / 255 / part ** 2;
  });
}

function show() {
  const x = pixels(), drawn = x.some((v) => v > 0), found = drawn ? chances(logits(net, x)) : null;
  const first = found ? highest(found) : -1;
  bars.forEach(({ name, bar, value }, digit) => {
    name.className = digit === first ? "first" : "";
    bar.style.width = found ? `${100 * found[digit]}%` : "0";
    value.textContent = found ? `${(100 * found[digit]).toFixed(0)} %` : "";
  });
  byId("answer").textContent = found ? `The net says ${first}.` : "Draw a digit, or take one.";
}

function prune() {
  const sparsity = slider.value / 100;
  net = pruned(given.layers, order, Math.round(sparsity * WEIGHTS));
  byId("cut").textContent = `${(100 * sparsity).toFixed(1).replace(/\.0$/, "")} %`;
  const right = given.images.filter((image, i) => highest(logits(net, image)) === given.labels[i]).length;
  byId("score").textContent = `${right} of ${DIGITS} test digits are right.`;
  const [{ rows, turned }] = net, image = new ImageData(28, 28);
  for (let c = 0; c < 784; c++) {
    let left = 0;
    for (let r = 0; r < rows; r++) left += turned[c * rows + r] !== 0;
    image.data[4 * c + 3] = 255 * Math.sqrt(left / rows);  // the root, so that few are seen, too
  }
  byId("pixels").getContext("2d").putImageData(image, 0, 0);
  show();
}

function take() {
  taken = (taken + 1) % DIGITS;
  const image = new ImageData(28, 28), small = document.createElement("canvas");
  given.images[taken].forEach((v, i) => image.data[4 * i + 3] = Math.round(255 * v));
  small.width = small.height = 28;
  small.getContext("2d").putImageData(image, 0, 0);
  board.clearRect(0, 0, SIDE, SIDE);
  board.imageSmoothingEnabled = false;
  board.drawImage(small, 0, 0, SIDE, SIDE);
  show();
}

// JupyterLab has a theme of its own; elsewhere the system's counts.
function dressed() {
  let lab;
  try { lab = parent.document.body.dataset.jpThemeLight; } catch { /* another site's frame */ }
  const dark = lab ? lab === "false" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}
dressed();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dressed);

let last = null;  // where the mouse, pen or finger is while it is down
const place = (event) => {
  const box = drawing.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width * SIDE, (event.clientY - box.top) / box.height * SIDE];
};
function stroke(from, to) {
  board.beginPath();
  board.moveTo(...from);
  board.lineTo(...to);
  board.stroke();
  show();
}

async function begin() {
  const text = atob(byId("net").textContent);
  given = read(await unpacked(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
  order = ranked(given.layers);
  slider.addEventListener("input", prune);
  byId("next").addEventListener("click", take);
  byId("clear").addEventListener("click", () => { board.clearRect(0, 0, SIDE, SIDE); show(); });
  drawing.addEventListener("pointerdown", (event) => {
    drawing.setPointerCapture(event.pointerId);
    last = place(event);
    stroke(last, last);
  });
  drawing.addEventListener("pointermove", (event) => {
    if (!last) return;
    const next = place(event);
    stroke(last, next);
    last = next;
  });
  drawing.addEventListener("lostpointercapture", () => last = null);
  prune();
  take();
  // For tests: the answers to all digits at a sparsity, without the drawing.
  globalThis.toy = { answers: (sparsity) => {
    const cut = pruned(given.layers, order, Math.round(sparsity * WEIGHTS));
    return given.images.map((image) => highest(logits(cut, image)));
  } };
}
begin();
