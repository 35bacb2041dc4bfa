"use strict";

const byId = (id) => document.getElementById(id);

// The net ----------------------------------------------------------------------------------------
// It is a file of the course, as course_utils/coding.py describes it; this is decoder.py again.
// Whole numbers up to 2^53 are exact here, but >> and | keep 32 bits only: hence Math.floor.

function crc32(bytes) {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

function reader(stream) {
  let state = new DataView(stream.buffer, stream.byteOffset).getUint32(0), span = 2 ** 32 - 1, at = 4;
  return (chance) => {
    const bound = Math.floor(span / 65536) * Math.min(Math.max(chance, 32), 65504);
    const one = state < bound ? 1 : 0;
    if (one) span = bound;
    else [state, span] = [state - bound, span - bound];
    while (span < 2 ** 24) [state, span] = [state * 256 + (stream[at++] ?? 0), span * 256];
    return one;
  };
}

function walk(rows, columns, kept, clusters, bit) {
  const codes = new Int32Array(rows * columns), above = new Array(columns).fill(0);
  const full = kept === codes.length, depth = 32 - Math.clz32(Math.max(clusters - 1, 0));
  const trees = [0, 1, 2].map(() => Array.from({ length: 1 << depth }, () => [1, 1]));
  let all = 0;
  for (let r = 0; r < rows; r++) {
    const density = Math.floor((all + 1) * 65536 / (r * columns + 20));
    let found = 1, last = -9, half = 0, foretold = 65536;
    for (let c = 0; c < columns; c++) {
      const expected = Math.floor((above[c] * 65536 + 8 * density) / (r + 8));
      const chance = Math.floor(expected * 2 ** 24 / foretold);
      foretold += expected;
      if (!full && !bit(Math.floor(found * chance / 256))) continue;
      const tree = trees[c - last <= 2 ? half : 0];
      let node = 1;
      for (let level = 0; level < depth; level++) {
        const [zeros, ones] = tree[node];
        const one = bit(Math.floor(ones * 65536 / (zeros + ones)));
        tree[node][one] += 2;
        node = 2 * node + one;
      }
      const code = node - (1 << depth) + 1;
      codes[r * columns + c] = code;
      above[c]++, all++, found++;
      last = c, half = 2 * code > clusters ? 2 : 1;
    }
  }
  return codes;
}

function decode(file) {
  const view = new DataView(file.buffer), whole = (at) => view.getUint32(at, true);
  if (whole(4) !== file.length || whole(8) !== crc32(file.subarray(12))) {
    byId("answer").textContent = "The net in this page is damaged.";
    throw new Error("checksum");
  }
  let at = whole(12);
  const bit = reader(file.subarray(whole(16))), tensors = {};
  for (const [name, , shape, kept, clusters, width] of JSON.parse(
    new TextDecoder().decode(file.subarray(20, at)))) {
    const numbers = Array.from({ length: clusters || kept }, () => {
      const number = new DataView(new ArrayBuffer(4));  // of a float32, the low bytes may be left out
      for (let place = 4 - width; place < 4; place++) number.setUint8(place, file[at++]);
      return number.getFloat32(0, true);
    });
    const size = shape.reduce((a, b) => a * b, 1), rows = shape.length > 1 ? shape[0] : 1;
    let codes = new Int32Array(size).fill(kept === size ? 1 : 0), next = 0;
    if (clusters || (kept > 0 && kept < size)) codes = walk(rows, size / rows, kept, clusters, bit);
    tensors[name] = { shape, values: Float32Array.from(codes, (code) =>
      code === 0 ? 0 : numbers[clusters ? code - 1 : next++]) };
  }
  return tensors;
}

const packed = atob(byId("net").textContent);
const tensors = decode(Uint8Array.from(packed, (letter) => letter.charCodeAt(0)));
const layers = [...new Set(Object.keys(tensors).map((name) => name.slice(0, name.lastIndexOf("."))))]
  .map((name) => ({ weight: tensors[`${name}.weight`], bias: tensors[`${name}.bias`].values }));

// 784 numbers from 0 to 1 -> the ten scores: one linear layer after the other, with a ReLU between
function logits(pixels) {
  let x = pixels;
  for (const { weight: { shape: [rows, columns], values }, bias } of layers) {
    const last = bias === layers.at(-1).bias;
    x = Float32Array.from({ length: rows }, (_, row) => {
      let sum = bias[row];
      for (let column = 0; column < columns; column++) sum += values[row * columns + column] * x[column];
      return last ? sum : Math.max(sum, 0);
    });
  }
  return [...x];
}

function chances(scores) {
  const highest = Math.max(...scores), parts = scores.map((score) => Math.exp(score - highest));
  const all = parts.reduce((a, b) => a + b, 0);
  return parts.map((part) => part / all);
}

// The picture ------------------------------------------------------------------------------------
// As in MNIST: 20 pixels at its longer side, its centre of mass in the middle of 28 x 28.

// ink (height x width, from 0 to 1) -> 784 pixels, or null where there is none
function centred(ink, height, width) {
  const inked = (n, at) => [...Array(n).keys()].filter(at);
  const rows = inked(height, (r) => ink.subarray(r * width, (r + 1) * width).some((v) => v > 0.1));
  const columns = inked(width, (c) => rows.some((r) => ink[r * width + c] > 0.1));
  if (!rows.length) return null;
  const [top, left] = [rows[0], columns[0]];
  const high = rows.at(-1) + 1 - top, wide = columns.at(-1) + 1 - left, longest = Math.max(high, wide);
  const h = Math.max(1, Math.round(20 * high / longest)), w = Math.max(1, Math.round(20 * wide / longest));
  const box = [], down = shares(high, h), across = shares(wide, w);
  for (let r = 0; r < h; r++) for (let c = 0; c < w; c++) {
    let sum = 0;
    for (const [y, part] of down[r]) for (const [x, share] of across[c])
      sum += part * share * ink[(top + y) * width + left + x];
    box.push(sum);
  }
  const mass = box.reduce((a, b) => a + b, 0), highest = Math.max(...box);
  const middle = (place, side) => Math.min(Math.max(0, 14 - Math.round(
    box.reduce((sum, v, i) => sum + v * place(i), 0) / mass)), 28 - side);
  const y = middle((i) => Math.floor(i / w), h), x = middle((i) => i % w, w);
  const pixels = new Float32Array(784);
  box.forEach((v, i) => pixels[(y + Math.floor(i / w)) * 28 + x + i % w] = v / highest);
  return pixels;
}

// For each of n equal parts of a side: which of its pixels lie in it, and with which share of it
function shares(side, n) {
  return Array.from({ length: n }, (_, part) => {
    const from = part * side / n, to = (part + 1) * side / n, found = [];
    for (let place = Math.floor(from); place < to - 1e-9; place++)
      found.push([place, (Math.min(to, place + 1) - Math.max(from, place)) * n / side]);
    return found;
  });
}

// The page ---------------------------------------------------------------------------------------

const drawing = byId("drawing"), seen = byId("seen"), pen = byId("pen"), answer = byId("answer");
const board = drawing.getContext("2d", { willReadFrequently: true }), SIDE = drawing.width;
const bars = Array.from({ length: 10 }, (_, digit) => {
  const row = byId("chances").insertRow(), head = row.appendChild(document.createElement("th"));
  head.scope = "row";
  head.textContent = digit;
  const bar = row.insertCell().appendChild(document.createElement("div"));
  bar.className = "bar";
  return { row, bar, text: row.insertCell() };
});
Object.assign(board, { lineWidth: 22, lineCap: "round", lineJoin: "round" });

let asked = false;
function changed() {  // once a frame, however fast the pen moves
  if (!asked) requestAnimationFrame(() => { asked = false; show(); });
  asked = true;
}

function show() {
  const { data } = board.getImageData(0, 0, SIDE, SIDE);
  const pixels = centred(Float32Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i + 3] / 255), SIDE, SIDE);
  const image = new ImageData(28, 28);
  pixels?.forEach((value, i) => image.data[4 * i + 3] = 255 * value);
  seen.getContext("2d").putImageData(image, 0, 0);
  const found = pixels ? chances(logits(pixels)) : null, first = found?.indexOf(Math.max(...found));
  bars.forEach(({ row, bar, text }, digit) => {
    row.className = digit === first ? "first" : "";
    bar.style.width = found ? `${100 * found[digit]}%` : "0";
    text.textContent = found ? `${(100 * found[digit]).toFixed(1)} %` : "";
  });
  const words = found ? `This is a ${first}, the net says.` : "Draw a digit from 0 to 9.";
  if (answer.textContent !== words) answer.textContent = words;  // said aloud only when it is another
}

function stroke(from, to) {
  board.beginPath();
  board.moveTo(...from);
  board.lineTo(...to);
  board.stroke();
  changed();
}

let last = null;  // where the mouse, pen or finger is while it is down
const place = (event) => {
  const box = drawing.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width * SIDE, (event.clientY - box.top) / box.height * SIDE];
};
drawing.addEventListener("pointerdown", (event) => {
  if (last || event.button !== 0) return;
  drawing.setPointerCapture(event.pointerId);
  last = place(event);
  stroke(last, last);
});
drawing.addEventListener("pointermove", (event) => {
  if (!last || !drawing.hasPointerCapture(event.pointerId)) return;
  const between = event.getCoalescedEvents?.() ?? [];  // a fast pen moves several times a frame
  for (const each of between.length ? between : [event]) {
    const next = place(each);
    stroke(last, next);
    last = next;
  }
});
drawing.addEventListener("lostpointercapture", () => last = null);

let at = [SIDE / 2, SIDE / 4], down = false;  // the pen of the keyboard
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
function movePen(next) {
  if (down) stroke(at, next);
  at = next;
  pen.style.left = `${100 * at[0] / SIDE}%`;
  pen.style.top = `${100 * at[1] / SIDE}%`;
  pen.className = down ? "down" : "";
}
drawing.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key in STEPS) {
    movePen(at.map((v, axis) => Math.min(Math.max(10, v + 10 * STEPS[event.key][axis]), SIDE - 10)));
  } else if (event.key === " ") {
    down = !down;
    movePen(at);
  } else if (event.key === "Delete" || event.key === "Backspace") {
    clear();
  } else {
    return;
  }
  event.preventDefault();
});

function clear() {
  board.clearRect(0, 0, SIDE, SIDE);
  changed();
}
byId("clear").addEventListener("click", clear);
movePen(at);
show();

// For tests: what the page computes, without its drawing.
globalThis.digits = { logits, centred };
