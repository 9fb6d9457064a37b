// SPDX-License-Identifier: Apache-2.0
// How a step of a task hands over what the person did; false: the device could not keep it.
import type { TakenPhoto } from '@core/photo';
import type { FieldPlace } from '@core/outbox';

export type Act = (action: string, body: Record<string, unknown>, photos: TakenPhoto[], here: FieldPlace | null) => Promise<boolean>;
