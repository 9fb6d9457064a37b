// SPDX-License-Identifier: Apache-2.0
// `npm run mock [port]`: the pretended server with a new alarm now and then.
import { start_mock } from './server.mjs';

const mock = await start_mock({ port: Number(process.argv[2] ?? 8090), assets: Number(process.env.ASSETS ?? 1200) });
console.log(`ready ${mock.url} (accounts admin/admin, desk/desk, crew/crew)`);
setInterval(() => {
  const alarm = mock.world.make_alarm(Date.now());
  mock.live.event('alarm.new', [alarm.id], mock.routes.alarm_doc(alarm));
}, Number(process.env.EVERY ?? 15_000));
