// SPDX-License-Identifier: Apache-2.0
// The alarms: level shapes by distance functions, un-acknowledged ones with a ring that breathes at 1 Hz. Drawn on a canvas
// of its own above the map, so that breathing never draws the map again and a new alarm waits for nobody's tiles. After a
// draw the pixel of a new dot is read back: that is the moment the page calls "shown".
import { level_colours, from_origin, program } from './gl';
import { server_now } from '@core/clock';
import { metrics } from '@core/metrics';

const kVertex = `#version 300 es
layout(location=0) in vec2 place; layout(location=1) in vec4 look;  // level, flags, radius px, phase
uniform mat4 matrix; uniform vec2 viewport; uniform float ratio;
out vec2 at; flat out float level; flat out int flags; flat out float radius; flat out float phase;
const vec2 corners[4] = vec2[4](vec2(-1,-1), vec2(1,-1), vec2(-1,1), vec2(1,1));
void main() {
  level = look.x; flags = int(look.y); radius = look.z * ratio; phase = look.w;
  float reach = radius * 2.6 + 4.0 * ratio;
  at = corners[gl_VertexID] * reach;
  vec4 centre = matrix * vec4(place, 0.0, 1.0);
  gl_Position = centre + vec4(at / viewport * 2.0 * centre.w, 0.0, 0.0);
}`;
// Flags: 1 breathing, 2 selected, 4 cleared, 8 drill, 16 acknowledged, 32 still (reduced motion).
const kFragment = `#version 300 es
precision highp float;
in vec2 at; flat in float level; flat in int flags; flat in float radius; flat in float phase;
uniform vec3 colours[5]; uniform vec3 ink; uniform vec3 ground; uniform float now; uniform float ratio;
out vec4 drawn;
float disc(vec2 p, float r) { return length(p) - r; }
float triangle(vec2 p, float r) { const float k = 1.7320508; p.y = p.y + r * 0.28; p.x = abs(p.x) - r; p.y = p.y + r / k;
  if (p.x + k * p.y > 0.0) p = vec2(p.x - k * p.y, -k * p.x - p.y) / 2.0; p.x -= clamp(p.x, -2.0 * r, 0.0); return -length(p) * sign(p.y); }
float diamond(vec2 p, float r) { p = abs(p); return (p.x + p.y - r * 1.18) * 0.7071; }
float hexagon(vec2 p, float r) { const vec3 k = vec3(-0.8660254, 0.5, 0.5773503); p = abs(p.yx);
  p -= 2.0 * min(dot(k.xy, p), 0.0) * k.xy; p -= vec2(clamp(p.x, -k.z * r, k.z * r), r); return length(p) * sign(p.y); }
void lay(inout vec4 under, vec3 c, float a) { under = vec4(c, 1.0) * a + under * (1.0 - a); }
void main() {
  int l = int(level + 0.5);
  float d = l <= 1 ? disc(at, radius) : l == 2 ? triangle(at, radius * 1.08) : l == 3 ? diamond(at, radius) : hexagon(at, radius * 0.98);
  vec3 c = (flags & 4) != 0 ? colours[0] : colours[l];
  float px = ratio;
  drawn = vec4(0.0);
  float out_ring = disc(at, radius * 1.9);
  if ((flags & 1) != 0 && (flags & 32) == 0) {
    float breath = 0.5 - 0.5 * cos(6.2831853 * (now - phase));
    float ring = disc(at, radius * (1.75 + 0.45 * breath));
    lay(drawn, c, (0.50 - 0.18 * breath) * (1.0 - smoothstep(0.0, px, abs(ring) - 0.8 * px)));
  }
  if ((flags & 1) != 0 && (flags & 32) != 0) {
    float r1 = abs(disc(at, radius * 1.6)) - 0.6 * px; float r2 = abs(disc(at, radius * 2.1)) - 0.6 * px;
    lay(drawn, c, 0.75 * (1.0 - smoothstep(0.0, px, min(r1, r2))));
  }
  if ((flags & 2) != 0) lay(drawn, ink, 1.0 - smoothstep(0.0, px, abs(out_ring) - 1.1 * px));
  lay(drawn, ground, 0.9 * (1.0 - smoothstep(0.0, px, d - 1.6 * px)));
  float body = 1.0 - smoothstep(-0.5 * px, 0.5 * px, d);
  if ((flags & 4) != 0) body *= smoothstep(-2.4 * px, -1.4 * px, d);                       // recovered: hollow
  if ((flags & 8) != 0) body *= step(0.0, sin(atan(at.y, at.x) * 9.0)) + step(d, -2.4 * px);  // drill: dotted rim
  lay(drawn, c, clamp(body, 0.0, 1.0));
}`;

export const kBreathing = 1;
export const kSelected = 2;
export const kCleared = 4;
export const kDrill = 8;
const kStill = 32;
const kMostDrawn = 4096;
const kMostBreathing = 200;
const kMostRead = 16;            // pixels of one frame
const kFrameMs = 66;             // breathing needs no more
const kSoftFrameMs = 160;        // where the processor draws, the frames belong to the work

export interface PulseDot { id: string; x: number; y: number; level: number; flags: number }
interface Waiting { in: number; src: number; until?: number }
const kExpected = 3000;          // a dot that never stands (outside the view, inside a cluster) is not waited for longer

export class Pulse {
  readonly canvas = document.createElement('canvas');
  private gl: WebGL2RenderingContext;
  private made!: WebGLProgram;
  private vao!: WebGLVertexArrayObject;
  private place_buffer!: WebGLBuffer;
  private look_buffer!: WebGLBuffer;
  private dots: PulseDot[] = [];
  private origin: [number, number] = [0, 0];
  private colours: Float32Array = new Float32Array(15);
  private matrix: ArrayLike<number> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private waiting = new Map<string, Waiting>();
  private size: [number, number] = [0, 0];
  private ratio = 1;
  private frame = 0;
  private readonly still = matchMedia('(prefers-reduced-motion: reduce)');
  private lost = false;

  constructor() {
    const gl = this.canvas.getContext('webgl2', { antialias: false, premultipliedAlpha: true, alpha: true });
    if (!gl) throw new Error('no WebGL2');
    this.gl = gl;
    this.canvas.className = 'pulse';
    this.canvas.setAttribute('aria-hidden', 'true');
    this.prepare();
    this.canvas.addEventListener('webglcontextlost', (event) => {
      event.preventDefault();
      this.lost = true;
      metrics.count('context_lost');
    });
    this.canvas.addEventListener('webglcontextrestored', () => {
      this.lost = false;
      this.prepare();
      this.upload();
      this.draw();
    });
  }

  private prepare(): void {
    const { gl } = this;
    this.made = program(gl, kVertex, kFragment);
    this.vao = gl.createVertexArray();
    this.place_buffer = gl.createBuffer();
    this.look_buffer = gl.createBuffer();
    gl.bindVertexArray(this.vao);
    for (const [i, buffer, width] of [[0, this.place_buffer, 2], [1, this.look_buffer, 4]] as const) {
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(i);
      gl.vertexAttribPointer(i, width, gl.FLOAT, false, 0, 0);
      gl.vertexAttribDivisor(i, 1);
    }
    gl.bindVertexArray(null);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.restyle();
  }

  restyle(): void {
    this.colours = level_colours();
    this.request();
  }

  resize(width: number, height: number, ratio: number): void {
    this.ratio = ratio;
    this.size = [Math.round(width * ratio), Math.round(height * ratio)];
    this.canvas.width = this.size[0];
    this.canvas.height = this.size[1];
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
  }

  // The worst are drawn last, on top; beyond the bound the least go undrawn (the list has them all).
  set(dots: PulseDot[]): void {
    this.dots = [...dots].sort((a, b) => b.level - a.level).slice(0, kMostDrawn).reverse();
    this.upload();
    this.draw();   // called within the frame that changed the table: the dot stands in the same one
  }

  // A new alarm: when its pixel stands, the time since the server heard of it is measured.
  expect(id: string, stamp: Waiting): void {
    this.waiting.set(id, { ...stamp, until: performance.now() + kExpected });
  }

  private upload(): void {
    const { gl, dots } = this;
    this.origin = dots.length ? [dots[0]!.x, dots[0]!.y] : [0, 0];
    const places = new Float32Array(dots.length * 2);
    const looks = new Float32Array(dots.length * 4);
    let breathing = dots.filter((dot) => dot.flags & kBreathing).length;
    const still = this.still.matches ? kStill : 0;
    dots.forEach((dot, i) => {
      places.set([dot.x - this.origin[0], dot.y - this.origin[1]], 2 * i);
      const calm = breathing > kMostBreathing && dot.level < 3 && dot.flags & kBreathing ? kStill : 0;
      if (calm) breathing -= 1;
      looks.set([Math.max(1, dot.level), dot.flags | still | calm, dot.level >= 3 ? 9 : 8, 0], 4 * i);
    });
    gl.bindBuffer(gl.ARRAY_BUFFER, this.place_buffer);
    gl.bufferData(gl.ARRAY_BUFFER, places, gl.DYNAMIC_DRAW);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.look_buffer);
    gl.bufferData(gl.ARRAY_BUFFER, looks, gl.DYNAMIC_DRAW);
  }

  // The map moved: same frame, same matrix.
  follow(matrix: ArrayLike<number>): void {
    this.matrix = Float64Array.from(matrix);
    this.draw();
  }

  private request(): void {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    clearTimeout(this.timer);
    const { gl } = this;
    if (!this.matrix || this.lost) return;
    const matrix = from_origin(this.matrix, ...this.origin);
    gl.viewport(0, 0, ...this.size);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (this.dots.length) {
      const at = (name: string): WebGLUniformLocation | null => gl.getUniformLocation(this.made, name);
      const night = document.documentElement.dataset['theme'] !== 'day';
      gl.useProgram(this.made);
      gl.bindVertexArray(this.vao);
      gl.uniformMatrix4fv(at('matrix'), false, matrix);
      gl.uniform2f(at('viewport'), ...this.size);
      gl.uniform1f(at('ratio'), this.ratio);
      gl.uniform1f(at('now'), (performance.now() / 1000) % 3600);
      gl.uniform3fv(at('colours'), this.colours);
      gl.uniform3fv(at('ink'), night ? [1, 1, 1] : [0.09, 0.13, 0.16]);
      gl.uniform3fv(at('ground'), night ? [0.055, 0.082, 0.106] : [1, 1, 1]);
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.dots.length);
      gl.bindVertexArray(null);
      if (this.waiting.size) this.measure(matrix);
    }
    const moves = !this.still.matches && !document.hidden && this.dots.some((dot) => dot.flags & kBreathing);
    if (moves) this.timer = setTimeout(() => this.request(), /swiftshader|llvmpipe|software/i.test(metrics.renderer) ? kSoftFrameMs : kFrameMs);
  }

  // Reading a pixel at once would stall the page until everything is drawn, and so spoil what it measures: the pixel is
  // copied by the graphics processor, and a fence says when.
  private measure(matrix: Float32Array): void {
    const { gl } = this;
    const now = performance.now();
    for (const [id, stamp] of this.waiting) if ((stamp.until ?? 0) < now) this.waiting.delete(id);
    const found: { stamp: Waiting; x: number; y: number }[] = [];
    for (const dot of this.dots) {
      const stamp = this.waiting.get(dot.id);
      if (!stamp || found.length >= kMostRead) continue;
      this.waiting.delete(dot.id);
      const x = dot.x - this.origin[0];
      const y = dot.y - this.origin[1];
      const w = matrix[3]! * x + matrix[7]! * y + matrix[15]!;
      const px = ((matrix[0]! * x + matrix[4]! * y + matrix[12]!) / w / 2 + 0.5) * this.size[0];
      const py = ((matrix[1]! * x + matrix[5]! * y + matrix[13]!) / w / 2 + 0.5) * this.size[1];
      if (px >= 0 && py >= 0 && px < this.size[0] && py < this.size[1]) found.push({ stamp, x: Math.floor(px), y: Math.floor(py) });
    }
    if (!found.length) return;
    const copy = gl.createBuffer();
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, copy);
    gl.bufferData(gl.PIXEL_PACK_BUFFER, found.length * 4, gl.STREAM_READ);
    found.forEach(({ x, y }, i) => gl.readPixels(x, y, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, i * 4));
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0)!;
    gl.flush();
    const look = (): void => {
      if (this.lost) return;
      const state = gl.clientWaitSync(fence, 0, 0);
      if (state === gl.TIMEOUT_EXPIRED) return void setTimeout(look, 2);
      const shown_at = server_now();
      const pixels = new Uint8Array(found.length * 4);
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, copy);
      gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, pixels);
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
      gl.deleteBuffer(copy);
      gl.deleteSync(fence);
      found.forEach(({ stamp }, i) => {
        if (pixels[i * 4 + 3]! < 128) return metrics.count('pixel_missing');
        metrics.alarm_to_pixel.add(shown_at - stamp.in);
        if (stamp.src) metrics.sensor_to_pixel.add(shown_at - stamp.src);
      });
      metrics.changed();
    };
    setTimeout(look, 0);
  }

  end(): void {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.gl.getExtension('WEBGL_lose_context')?.loseContext();
    this.canvas.remove();
  }
}
