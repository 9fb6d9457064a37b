// SPDX-License-Identifier: Apache-2.0
// Every asset as one dot, one draw call: positions once, levels in a second buffer of which only changed bytes are sent.
// A MapLibre custom layer; plain uniforms only (uniform buffers disturb the map's own bindings).
import type { CustomLayerInterface, CustomRenderMethodInput, Map as GlMap } from 'maplibre-gl';
import { from_origin, level_colours, program } from './gl';
import { mercator, type LngLat } from './geometry';

const kVertex = `#version 300 es
layout(location=0) in vec2 place; layout(location=1) in uint level; layout(location=2) in uint kind;
uniform mat4 matrix; uniform float size; uniform uint hidden; uniform vec3 colours[5]; uniform float quiet;
out vec4 colour;
void main() {
  gl_Position = matrix * vec4(place, 0.0, 1.0);
  bool off = ((hidden >> kind) & 1u) == 1u;
  gl_PointSize = off ? 0.0 : size * (level > 0u ? 1.35 : 1.0);
  if (off) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  colour = vec4(colours[level], level > 0u ? 0.95 : quiet);
}`;
const kFragment = `#version 300 es
precision mediump float; in vec4 colour; out vec4 drawn;
void main() {
  float edge = 1.0 - smoothstep(0.78, 1.0, length(gl_PointCoord * 2.0 - 1.0));
  drawn = vec4(colour.rgb, 1.0) * colour.a * edge;
}`;

export interface FieldRow { id: string; kind: number; place: LngLat; level: number }

export class PointField implements CustomLayerInterface {
  readonly id = 'assets';
  readonly type = 'custom' as const;
  readonly renderingMode = '2d' as const;
  private map: GlMap | null = null;
  private gl: WebGL2RenderingContext | null = null;
  private made: WebGLProgram | null = null;
  private vao: WebGLVertexArrayObject | null = null;
  private buffers: WebGLBuffer[] = [];
  private places = new Float32Array(0);
  private levels = new Uint8Array(0);
  private kinds = new Uint8Array(0);
  private index = new Map<string, number>();
  private rows: FieldRow[] = [];
  private origin: [number, number] = [0, 0];
  private dirty: [number, number] | null = null;
  private colours: Float32Array = new Float32Array(15);
  hidden = 0;                    // bit per kind

  get count(): number {
    return this.rows.length;
  }

  set(rows: FieldRow[]): void {
    this.rows = rows;
    this.index = new Map(rows.map((row, i) => [row.id, i]));
    this.places = new Float32Array(rows.length * 2);
    this.levels = new Uint8Array(rows.length);
    this.kinds = new Uint8Array(rows.length);
    this.origin = rows.length ? mercator(rows[0]!.place) : [0, 0];
    rows.forEach((row, i) => {
      const [x, y] = mercator(row.place);
      this.places[2 * i] = x - this.origin[0];
      this.places[2 * i + 1] = y - this.origin[1];
      this.levels[i] = row.level;
      this.kinds[i] = Math.min(31, row.kind);
    });
    this.upload();
    this.map?.triggerRepaint();
  }

  set_level(id: string, level: number): void {
    const i = this.index.get(id);
    if (i === undefined || this.levels[i] === level) return;
    this.levels[i] = level;
    this.dirty = this.dirty ? [Math.min(this.dirty[0], i), Math.max(this.dirty[1], i + 1)] : [i, i + 1];
    this.map?.triggerRepaint();
  }

  set_hidden(mask: number): void {
    this.hidden = mask >>> 0;
    this.map?.triggerRepaint();
  }

  restyle(): void {
    this.colours = level_colours();
    this.map?.triggerRepaint();
  }

  // The dot nearest to a place, within `reach` (world units).
  nearest(x: number, y: number, reach: number): FieldRow | null {
    const px = x - this.origin[0];
    const py = y - this.origin[1];
    let best = -1;
    let least = reach * reach;
    for (let i = 0; i < this.rows.length; i += 1) {
      const dx = this.places[2 * i]! - px;
      const dy = this.places[2 * i + 1]! - py;
      const d = dx * dx + dy * dy;
      if (d < least && !((this.hidden >>> this.kinds[i]!) & 1)) {
        least = d;
        best = i;
      }
    }
    return this.rows[best] ?? null;
  }

  find(id: string): FieldRow | null {
    return this.rows[this.index.get(id) ?? -1] ?? null;
  }

  onAdd(map: GlMap, gl: WebGL2RenderingContext): void {
    this.map = map;
    this.gl = gl;
    this.made = program(gl, kVertex, kFragment);
    this.colours = level_colours();
    this.vao = gl.createVertexArray();
    this.buffers = [gl.createBuffer()!, gl.createBuffer()!, gl.createBuffer()!];
    this.upload();
  }

  onRemove(): void {
    const { gl } = this;
    if (gl) {
      for (const buffer of this.buffers) gl.deleteBuffer(buffer);
      gl.deleteVertexArray(this.vao);
      gl.deleteProgram(this.made);
    }
    this.gl = null;
    this.map = null;
  }

  private upload(): void {
    const { gl } = this;
    if (!gl) return;
    gl.bindVertexArray(this.vao);
    const columns = [[this.places, 2], [this.levels, 1], [this.kinds, 1]] as const;
    columns.forEach(([data, width], i) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[i]!);
      gl.bufferData(gl.ARRAY_BUFFER, data, i === 1 ? gl.DYNAMIC_DRAW : gl.STATIC_DRAW);
      gl.enableVertexAttribArray(i);
      if (i === 0) gl.vertexAttribPointer(i, width, gl.FLOAT, false, 0, 0);
      else gl.vertexAttribIPointer(i, width, gl.UNSIGNED_BYTE, 0, 0);
    });
    gl.bindVertexArray(null);
    this.dirty = null;
  }

  render(gl: WebGL2RenderingContext, { defaultProjectionData }: CustomRenderMethodInput): void {
    if (!this.made || !this.rows.length || !this.map) return;
    gl.useProgram(this.made);
    gl.bindVertexArray(this.vao);
    if (this.dirty) {
      const [from, to] = this.dirty;
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[1]!);
      gl.bufferSubData(gl.ARRAY_BUFFER, from, this.levels, from, to - from);
      this.dirty = null;
    }
    const at = (name: string): WebGLUniformLocation | null => gl.getUniformLocation(this.made!, name);
    const zoom = this.map.getZoom();
    const size = Math.min(9, Math.max(2, (zoom - 7) * 1.05)) * this.map.getPixelRatio();
    gl.uniformMatrix4fv(at('matrix'), false, from_origin(defaultProjectionData.mainMatrix as ArrayLike<number>, ...this.origin));
    gl.uniform1f(at('size'), size);
    gl.uniform1f(at('quiet'), zoom < 9 ? 0.4 : zoom < 11 ? 0.55 : 0.75);
    gl.uniform1ui(at('hidden'), this.hidden);
    gl.uniform3fv(at('colours'), this.colours);
    gl.drawArrays(gl.POINTS, 0, this.rows.length);
    gl.bindVertexArray(null);
  }
}
