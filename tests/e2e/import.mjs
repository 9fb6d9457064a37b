// SPDX-License-Identifier: Apache-2.0
// `cityloop import` through the command line: into an idle folder and into a running city, small files with every oddity
// (tests/data) and, where they are there, the real ones (SHARED_DATA, else ../shared/data beside the project; skipped visibly).
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import { City, program, root, until } from './city.mjs';

const shared = process.env.SHARED_DATA ?? join(root, '../shared/data');
const air_map = join(root, 'maps/beijing-air.map.jsonc');
const nyc_map = join(root, 'maps/nyc-311.map.jsonc');

// The program on a folder; what it said. Fails the test on another exit code.
function run(args, status = 0) {
  const done = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.equal(done.status, status, `${args.slice(0, 4).join(' ')}: ${done.status}: ${done.stderr}`);
  return done;
}

async function with_folder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'cityloop-import-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function with_city(work, data) {
  const city = new City();
  if (data) {
    rmSync(city.data, { recursive: true });
    city.data = data;
  }
  await city.start();
  try {
    city.admin = city.token('e2e', 'admin');
    await work(city);
  } finally {
    await (data ? city.kill('SIGTERM') : city.stop());
  }
}

// Two days at one station, the second of them in smog.
function smog() {
  const rows = ['"No","year","month","day","hour","PM2.5","PM10","SO2","NO2","CO","O3","TEMP","PRES","DEWP","RAIN","wd","WSPM","station"'];
  for (let hour = 0; hour < 48; hour += 1)
    rows.push(`${hour + 1},2016,12,${20 + Math.floor(hour / 24)},${hour % 24},${hour < 24 ? 20 : 420},30,2,7,300,77,-0.7,1023,-18.8,0,"N",1.4,"Dongsi"`);
  return rows.join('\n') + '\n';
}

test('readings by a mapping: what is odd is named with its line, gaps stay gaps', async () => {
  await with_folder(async (folder) => {
    const done = run(['import', 'readings', '--map', air_map, '--data', folder, join(root, 'tests/data/beijing-like.csv')]);
    assert.match(done.stdout, /^9 rows: 4 accepted, 0 duplicate, 0 corrected, 1 empty, 0 quarantined, 5 row problems$/m);
    assert.match(done.stderr, /beijing-like\.csv:5: .*time/i, 'the 29th of February 2013');
    await with_city(async (city) => {
      const from = '2013-02-28T16:00:00Z', to = '2013-03-02T00:00:00Z';
      const pm25 = (await city.must('GET', `/api/v1/assets/air-beijing-dongsi/history?point=pm25&from=${from}&to=${to}`)).items;
      assert.deepEqual(pm25.map((one) => [one.at, one.value]), [['2013-02-28T16:00:00Z', 4]], 'the hour with NA has no value');
      const pm10 = (await city.must('GET', `/api/v1/assets/air-beijing-dongsi/history?point=pm10&from=${from}&to=${to}`)).items;
      assert.deepEqual(pm10.map((one) => one.value), [4, 8, 6]);
      assert.equal((await city.must('GET', '/api/v1/alarms')).items.length, 0);
    }, folder);
  });
});

test('readings into a running city: nothing is raised or opened, a repeat is known, the rules are tried over them', async () => {
  await with_city(async (city) => {
    const file = join(city.data, 'smog.csv');
    writeFileSync(file, smog());
    const evaluated = city.run(['import', 'readings', '--map', air_map, '--evaluate', file]);
    assert.match(evaluated, /^48 rows: 48 accepted, 0 duplicate/m);
    assert.match(evaluated, /^2016-12-\S+ +\S+ +(blue|yellow|orange|red) +air_quality\/\S+ +air-beijing-dongsi$/m);
    assert.match(evaluated, /^[1-9]\d* alarms would have been raised; nothing was opened$/m);
    assert.match(city.run(['import', 'readings', '--map', air_map, file]), /^48 rows: 0 accepted, 48 duplicate/m);
    const days = (await city.must('GET', '/api/v1/assets/air-beijing-dongsi/history?point=pm25&from=2016-12-19T16:00:00Z&to=2016-12-21T16:00:00Z&step=1d')).items;
    assert.equal(days.reduce((sum, one) => sum + one.count, 0), 48);
    assert.equal((await city.must('GET', '/api/v1/alarms')).items.length, 0);
    assert.equal((await city.must('GET', '/api/v1/cases')).items.length, 0);
  });
});

test('reports by a mapping: the placeless wait for a place, a place outside every polygon takes the area column', async () => {
  await with_folder(async (folder) => {
    run(['import', 'areas', '--root', '36', '--root-name', 'New York', '--data', folder, join(root, 'maps/nyc-areas.geojson')]);
    const other = run(['import', 'areas', '--root', '50', '--data', folder, join(root, 'maps/nyc-areas.geojson')], 1);
    assert.match(other.stderr, /root area of this city is 36/);
    const done = run(['import', 'reports', '--map', nyc_map, '--data', folder, join(root, 'tests/data/nyc-like.csv')]);
    assert.match(done.stdout, /^8 rows, 4 reports taken: 1 waiting, 0 merged, 3 without a place, 0 known already; 0 refused, 6 row problems$/m);
    const again = run(['import', 'reports', '--map', nyc_map, '--data', folder, join(root, 'tests/data/nyc-like.csv')]);
    assert.match(again.stdout, /: 0 waiting, 0 merged, 0 without a place, [1-9]\d* known already; 0 refused/);
    await with_city(async (city) => {
      const placeless = (await city.must('GET', '/api/v1/reports?state=placeless')).items;
      assert.deepEqual(placeless.map((one) => [one.external, one.area]).sort(), [['900002', '36005'], ['900003', '36'], ['900006', '36061']]);
      const found = (await city.must('GET', '/api/v1/reports?external=900001')).items[0];
      assert.equal(found.area, '36081', 'by its place');
      assert.equal(found.at, '2018-10-21T04:00:00Z', 'summer time of New York');
      const placed = await city.must('POST', `/api/v1/reports/${placeless.find((one) => one.external === '900002').id}:place`,
        { location: { type: 'Point', coordinates: [-73.9, 40.85] } });
      assert.ok(placed.case, JSON.stringify(placed));
    }, folder);
  });
});

test('reports of another city go to the root area where its areas are not known', async () => {
  await with_folder(async (folder) => {
    const done = run(['import', 'reports', '--map', nyc_map, '--data', folder, join(root, 'tests/data/nyc-like.csv')]);
    assert.match(done.stdout, /; 0 refused/);
    await with_city(async (city) => {
      assert.equal((await city.must('GET', '/api/v1/reports?external=900001')).items[0].area, '50');
    }, folder);
  });
});

test('a replay comes at its pace', async () => {
  await with_city(async (city) => {
    // 59 minutes at 3600 times: about a second, and not all at once.
    const file = join(city.data, 'two.csv');
    const head = 'Unique Key,Created Date,Closed Date,Agency,Complaint Type,Descriptor,Incident Address,City,Status,Due Date,Resolution Description,Borough,Latitude,Longitude\n';
    writeFileSync(file, `${head}1,10/21/18 0:00,,DSNY,Graffiti,Graffiti,,,Open,,,BRONX,40.85,-73.9\n2,10/21/18 0:59,,DSNY,Sewer,Sewer,,,Open,,,BRONX,40.80,-73.8\n`);
    const seen = new Set();
    const reading = (async () => {
      while (!seen.has(2)) {
        seen.add((await city.must('GET', '/api/v1/reports')).items.length);
        await new Promise((done) => setTimeout(done, 20));
      }
    })();
    const child = spawn(program, ['import', 'reports', '--map', nyc_map, '--speed', '3600', '--data', city.data, file], { stdio: 'ignore' });
    assert.equal(await new Promise((done) => child.once('exit', done)), 0);
    await until('both', async () => seen.has(2));
    await reading;
    assert.ok(seen.has(1), 'the first was there before the second');
  });
});

test('the real year of 12 stations: every row arrives, daily figures are those of the files', { skip: existsSync(join(shared, 'beijing-air')) ? false : 'no beijing-air data here' }, async () => {
  const files = readdirSync(join(shared, 'beijing-air')).filter((name) => name.endsWith('.gz')).map((name) => join(shared, 'beijing-air', name));
  await with_city(async (city) => {
    const said = city.run(['import', 'readings', '--map', air_map, '--evaluate', ...files]);
    assert.match(said, /^420768 rows: 420768 accepted, 0 duplicate, 0 corrected, 0 empty, 0 quarantined, 0 row problems$/m);
    assert.ok(Number(/^(\d+) alarms would have been raised/m.exec(said)[1]) > 100);
    const text = gunzipSync(readFileSync(files.find((name) => name.includes('Dongsi')))).toString();
    const sums = new Map();
    for (const line of text.split('\n').slice(1)) {
      const cells = line.split(',');
      if (cells.length < 18 || cells[5] === 'NA') continue;
      const day = new Date(Date.UTC(+cells[1], +cells[2] - 1, +cells[3], +cells[4] - 8)).toISOString().slice(0, 10);
      const [sum, count] = sums.get(day) ?? [0, 0];
      sums.set(day, [sum + Number(cells[5]), count + 1]);
    }
    let next = `from=2013-02-28T00:00:00Z&to=2017-03-01T00:00:00Z&step=1d&limit=1000`;
    const days = [];
    for (let cursor = ''; cursor !== null;) {
      const page = await city.must('GET', `/api/v1/assets/air-beijing-dongsi/history?point=pm25&${next}${cursor}`);
      days.push(...page.items);
      cursor = page.next ? `&cursor=${encodeURIComponent(page.next)}` : null;
    }
    assert.equal(days.length, sums.size);
    for (const day of days) {
      const [sum, count] = sums.get(day.from.slice(0, 10));
      assert.equal(day.count, count, day.from);
      assert.ok(Math.abs(day.sum - sum) < 1e-6, `${day.from}: ${day.sum} is not ${sum}`);
    }
    assert.equal((await city.must('GET', '/api/v1/cases')).items.length, 0);
  });
});

test('the real day of New York fills the desk', { skip: existsSync(join(shared, 'nyc-311')) ? false : 'no nyc-311 data here' }, async () => {
  await with_city(async (city) => {
    const said = city.run(['import', 'reports', '--map', nyc_map, join(shared, 'nyc-311/311_sample.csv.gz')]);
    assert.match(said, /^6765 rows, 6765 reports taken: \d+ waiting, \d+ merged, 115 without a place, 0 known already; 0 refused, 0 row problems$/m);
    const first = await city.must('GET', '/api/v1/reports?count=true&limit=1');
    assert.equal(first.total, 6765);
    assert.equal((await city.must('GET', '/api/v1/reports?state=placeless&count=true&limit=1')).total, 115);
  });
});
