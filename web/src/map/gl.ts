// SPDX-License-Identifier: Apache-2.0
// The little of WebGL2 that both layers share: programs, and matrices relative to an origin (Float32 is too coarse for a
// city in world coordinates).
export function program(gl: WebGL2RenderingContext, vertex: string, fragment: string): WebGLProgram {
  const made = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]] as const) {
    const shader = gl.createShader(kind)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? 'shader');
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made) ?? 'program');
  return made;
}

// matrix × translation(origin): what was relative to the origin comes out where it is.
export function from_origin(matrix: ArrayLike<number>, x: number, y: number): Float32Array {
  const out = new Float32Array(16);
  for (let i = 0; i < 12; i += 1) out[i] = matrix[i]!;
  for (let i = 0; i < 4; i += 1) out[12 + i] = matrix[i]! * x + matrix[4 + i]! * y + matrix[12 + i]!;
  return out;
}

export function rgb(hex: string): [number, number, number] {
  const n = Number.parseInt(hex.trim().slice(1), 16);
  return [((n >> 16) & 255) / 255, ((n >> 8) & 255) / 255, (n & 255) / 255];
}

// Level colours of the theme in force, levels 0–4, read from the tokens.
export function level_colours(): Float32Array {
  const style = getComputedStyle(document.documentElement);
  const names = ['--off', '--blue-fill', '--yellow-fill', '--orange-fill', '--red-fill'];
  return new Float32Array(names.flatMap((name) => rgb(style.getPropertyValue(name))));
}

export function has_webgl2(): boolean {
  try {
    const gl = document.createElement('canvas').getContext('webgl2');
    gl?.getExtension('WEBGL_lose_context')?.loseContext();
    return Boolean(gl);
  } catch {
    return false;
  }
}
