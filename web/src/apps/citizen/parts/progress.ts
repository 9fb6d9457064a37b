// SPDX-License-Identifier: Apache-2.0
import { t } from '../words';

const kKnown = ['placeless', 'received', 'accepted', 'handling', 'checking', 'suspended', 'closed', 'rejected'] as const;
type Known = (typeof kKnown)[number];
// A state that a newer server may have is shown as being worked on.
export function progress_words(progress: string): string {
  return t(`p_${(kKnown as readonly string[]).includes(progress) ? (progress as Known) : 'handling'}`);
}
const kEvents = ['accepted', 'dispatched', 'handling', 'finished', 'rework', 'closed', 'forced', 'rejected', 'reopened', 'extended', 'suspended', 'resumed'] as const;
type Event = (typeof kEvents)[number];
export function event_words(what: string, unit: string | null): string {
  return (kEvents as readonly string[]).includes(what) ? t(`e_${what as Event}`, { unit: unit ?? '' }) : what;
}
