// SPDX-License-Identifier: Apache-2.0
// Renews src/serve/initials_table.cc: the first letter of the reading of each character from U+4E00 to U+9FA5, from the readings of
// the npm package pinyin-pro. `node tools/initials.mjs`, then look at the difference.
import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';

const root = new URL('..', import.meta.url).pathname;
const { pinyin } = createRequire(`${root}web/package.json`)('pinyin-pro');
let letters = '';
for (let code = 0x4e00; code <= 0x9fa5; code += 1) {
  const read = pinyin(String.fromCharCode(code), { toneType: 'none' })[0]?.toLowerCase() ?? '';
  letters += /[a-z]/.test(read) ? read : '?';
}
const lines = letters.match(/.{1,120}/g).map((line) => `    "${line.replaceAll('??', '?\\?')}"`).join('\n');
writeFileSync(`${root}src/serve/initials_table.cc`, `// SPDX-License-Identifier: Apache-2.0
// Made by tools/initials.mjs from the readings of pinyin-pro.
#include "serve/initials.h"

namespace cityloop::serve {

const char kInitials[] =
${lines};

}  // namespace cityloop::serve
`);
