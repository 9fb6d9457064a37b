// SPDX-License-Identifier: Apache-2.0
// Alarm tones by WebAudio, no files (web.md §3.10): Ⅳ none, Ⅲ one, Ⅱ two, Ⅰ three, repeated every 8 s until acknowledged.
// A browser is silent before a gesture: the shift-start button is that gesture. Many alarms become one tone.
import { computed, shallowRef } from 'vue';
import { local_now, second } from './clock';

const kRepeat = 8000;
const kMute = 10 * 60_000;
const kApart = 1500;             // tones closer than this merge

let audio: AudioContext | null = null;
let last = 0;
let repeat: ReturnType<typeof setInterval> | undefined;

export const unlocked = shallowRef(false);
const muted_until = shallowRef(0);
export const muted_for = computed(() => Math.max(0, Math.ceil((muted_until.value - (second.value, local_now())) / 1000)));

export async function begin_shift(): Promise<void> {
  audio ??= new AudioContext();
  await audio.resume();
  unlocked.value = audio.state === 'running';
  if (unlocked.value) tone(1);
}

// A wall browser may allow sound without a gesture; then the shift needs no button.
export async function try_unlock(): Promise<void> {
  if (typeof AudioContext === 'undefined') return;
  audio = new AudioContext();
  if (audio.state === 'running') unlocked.value = true;
  else await audio.close().finally(() => (audio = null));
}

// On a phone the first touch of the page is the gesture; nothing is played for it.
export function unlock_quietly(): void {
  const unlock = async (): Promise<void> => {
    if (unlocked.value || typeof AudioContext === 'undefined') return;
    audio ??= new AudioContext();
    await audio.resume();
    unlocked.value = audio.state === 'running';
  };
  for (const gesture of ['pointerup', 'keydown']) addEventListener(gesture, () => void unlock().catch(() => undefined), { passive: true });
}

export function mute(): void {
  muted_until.value = muted_for.value ? 0 : local_now() + kMute;
}

function beep(at: number, frequency: number, length: number): void {
  if (!audio) return;
  const source = audio.createOscillator();
  const gain = audio.createGain();
  source.type = 'triangle';
  source.frequency.value = frequency;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(0.28, at + 0.02);
  gain.gain.setValueAtTime(0.28, at + length - 0.06);
  gain.gain.linearRampToValueAtTime(0, at + length);
  source.connect(gain).connect(audio.destination);
  source.start(at);
  source.stop(at + length);
}

export const tones_played = shallowRef(0);
function tone(count: number): void {
  if (!audio || !unlocked.value) return;
  const now = audio.currentTime + 0.01;
  for (let i = 0; i < count; i += 1) beep(now + i * 0.26, count === 3 ? 988 : 784, 0.2);
  tones_played.value += 1;
}

// level 1–4, as in words.level_rank.
export function sound(level: number): void {
  const now = local_now();
  if (level < 2 || muted_for.value || now - last < kApart) return;
  last = now;
  tone(level - 1);
}

// While there is an un-acknowledged Ⅰ the tone comes back.
export function keep_sounding(red_unseen: boolean): void {
  if (red_unseen && repeat === undefined) repeat = setInterval(() => sound(4), kRepeat);
  if (!red_unseen && repeat !== undefined) {
    clearInterval(repeat);
    repeat = undefined;
  }
}
