// SPDX-License-Identifier: Apache-2.0
// What a person can do about an alarm, as operations: the server's offers with their keys. Buttons and keys read this list.
import { ref, type Ref } from 'vue';
import { post } from './api';
import { has_term, term } from './i18n/terms';
import { t } from './i18n/words';
import { is_down } from './live';
import type { Operation } from './operation';
import { alarms } from './store/city';
import type { Alarm, Offer } from './words';

const kKeys: Record<string, string> = { acknowledge: 'e', false_alarm: 'x', open_case: 'c', notify: 'n' };
const kOrder = ['acknowledge', 'open_case', 'notify', 'shelve', 'unshelve', 'false_alarm', 'link'];

export function why_not(offer: Offer): string | null {
  if (offer.enabled) return null;
  for (const one of [offer.why_not, offer.code]) if (one && has_term('why_not', one)) return term('why_not', one);
  return offer.why_not || term('why_not', 'stage');
}

export async function act_on_alarm(id: string, body: Record<string, unknown>): Promise<Alarm> {
  const answer = await post<Alarm>(`/alarms/${encodeURIComponent(id)}/actions`, body);
  if (answer?.id === id) alarms.upsert(answer);
  return answer;
}

export interface AlarmActions {
  operations: () => Operation[];
  asking: Ref<Offer | null>;        // the action whose form is open
}

// `perform` does an action that needs no words; the others open their form.
export function alarm_actions(alarm: () => Alarm | null, perform: (name: string) => Promise<void>): AlarmActions {
  const asking = ref<Offer | null>(null);
  function operations(): Operation[] {
    const offers = alarm()?.actions ?? [];
    // What never goes together with its opposite stands alone; `link` is the case page's business.
    const shelved = offers.some((one) => one.name === 'unshelve' && one.enabled);
    const unwanted = ['link', shelved ? 'shelve' : 'unshelve'];
    return [...offers].filter((one) => !unwanted.includes(one.name)).sort((a, b) => kOrder.indexOf(a.name) - kOrder.indexOf(b.name)).map((offer) => {
      const key = kKeys[offer.name];
      const asks = offer.name !== 'acknowledge' && offer.name !== 'unshelve';
      return {
        id: offer.name,
        label: term('action', offer.name),
        ...(key ? { key } : {}),
        tone: offer.name === 'acknowledge' ? ('primary' as const) : ('plain' as const),
        why_not: is_down.value ? t('needs_server') : why_not(offer),
        perform: () => {
          if (asks) asking.value = offer;
          else return perform(offer.name);
        },
      };
    });
  }
  return { operations, asking };
}
