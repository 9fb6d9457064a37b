// SPDX-License-Identifier: Apache-2.0
// Photos become JPEG of at most 1600 px before they travel; the server removes what is in the file besides the picture.
import { call, Problem } from './api';

const kLongest = 1600;
const kQuality = 0.8;

export interface TakenPhoto { blob: Blob; url: string; name: string; digest?: string }

// SHA-256 of what is sent, by which a photo that was used before is known; undefined without a secure context.
export async function digest_of(blob: Blob): Promise<string | undefined> {
  if (typeof crypto === 'undefined' || !crypto.subtle) return undefined;
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
  return [...bytes].map((one) => one.toString(16).padStart(2, '0')).join('');
}

export async function shrink(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
  try {
    const scale = Math.min(1, kLongest / Math.max(picture.width, picture.height));
    if (scale === 1 && file.type === 'image/jpeg' && file.size < 400_000) return file;
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext('2d')!.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return await new Promise<Blob>((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('jpeg'))), 'image/jpeg', kQuality);
    });
  } finally {
    picture.close();
  }
}

// A picture that this browser cannot read (HEIC on some) goes as it is; the server decides.
export async function take(file: File): Promise<TakenPhoto> {
  const blob = await shrink(file).catch(() => file as Blob);
  const digest = await digest_of(blob);
  return { blob, url: URL.createObjectURL(blob), name: file.name, ...(digest ? { digest } : {}) };
}

export async function upload(blob: Blob, key?: string): Promise<string> {
  const kept = await call<{ id: string }>('POST', '/attachments', key ? { body: blob, key } : { body: blob });
  if (!kept?.id) throw new Problem(0, 'attachment.bad_type', '');
  return kept.id;
}
