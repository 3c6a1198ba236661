// The web console of a running mesh, as a person sees it in a real Chromium.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { accessibilityFaults, openPage, startBrowser, styleOf, withoutChromium } from './support/browser.ts';
import { eventually, httpGet, type MeshUnderTest, startMesh } from './support/mesh-under-test.ts';

const FAULTY = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: details-fails}
spec:
  hosts: [details]
  http:
  - fault: {abort: {percentage: {value: 100}, httpStatus: 500}}
    route: [{destination: {host: details}}]
`;
const MISSPELT = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: misspelt}
spec:
  hosts: [reviews]
  http:
  - rout: [{destination: {host: reviews}}]
`;

describe('the console', { skip: withoutChromium, timeout: 280_000 }, () => {
  let mesh: MeshUnderTest;
  let browser: Browser;
  let url: string;
  let traffic: ReturnType<typeof setInterval>;
  before(async () => {
    [mesh, browser] = await Promise.all([startMesh(), startBrowser()]);
    url = (await mesh.status()).console;
    const productPage = `${await mesh.ingress()}/productpage`;
    traffic = setInterval(() => void httpGet(productPage).catch(() => {}), 150);
  });
  after(async () => {
    clearInterval(traffic);
    await browser.close();
    await mesh.close();
  });

  const edge = (page: Page, name: RegExp) => page.getByRole('img', { name });
  const write = (name: string, text: string) => writeFileSync(join(mesh.directory, name), text);
  const remove = (name: string) => rmSync(join(mesh.directory, name));

  test('up says where it is', () => {
    assert.match(mesh.upOutput, /^Console +http:\/\/127\.0\.0\.1:\d+$/m);
  });

  test('traffic appears as edges with rates, times and locks, and nothing moves from one second to the next', async () => {
    const { page, errors } = await openPage(browser, url);
    await edge(
      page,
      /^istio-ingressgateway to productpage-v1: healthy, [\d.]+ requests a second.*mutual TLS$/,
    ).waitFor();
    for (const to of ['details-v1', 'reviews-v1', 'reviews-v2', 'reviews-v3'])
      await edge(page, new RegExp(`^productpage-v1 to ${to}: healthy, .* 99 % within .* mutual TLS$`)).waitFor();
    await edge(page, /^reviews-v3 to ratings-v1: healthy/).waitFor();
    assert.equal(await edge(page, /^reviews-v1 to ratings/).count(), 0);
    await page.getByText(/^4 services · 6 workloads · [\d.]+ requests\/s$/).waitFor();
    const places = () =>
      page.locator('.graph > g').evaluateAll((all) => all.map((card) => card.getAttribute('transform')));
    const seen = await page.locator('.summary').textContent();
    const before = await places();
    await page.locator('.summary').filter({ hasNotText: seen! }).waitFor();
    assert.deepEqual(await places(), before);
    assert.deepEqual(errors, []);
  });

  test('an error makes an edge red, and is said aloud', async (context) => {
    const { page, errors } = await openPage(browser, url);
    await edge(page, /^productpage-v1 to details-v1: healthy/).waitFor();
    write('details-fails.yaml', FAULTY);
    context.after(() => remove('details-fails.yaml'));
    const failing = edge(page, /^productpage-v1 to details: failing, .* 100 % errors/);
    await failing.waitFor();
    assert.equal(await styleOf(failing.locator('.edge-line'), 'stroke'), 'rgb(184, 36, 28)');
    assert.match((await page.getByRole('status').textContent())!, /productpage-v1 to details: failing/);
    await page.getByRole('link', { name: /^details default [\d.]+\/s · [\d.]+ % ✕ v1 / }).waitFor();
    assert.deepEqual(errors, []);
  });

  test('a rule that is refused shows with its place', async () => {
    const { page } = await openPage(browser, url);
    write('misspelt.yaml', MISSPELT);
    await page.getByRole('link', { name: /^Configuration .*errors/ }).click();
    const row = page.getByRole('row', { name: /misspelt/ });
    await row.getByText('refused').waitFor();
    await row.getByText(/unknown field "rout".*did you mean "route"/).waitFor();
    await row.getByText('misspelt.yaml:7:5 · MEL0003').waitFor();
    await page.getByRole('row', { name: /VirtualService bookinfo .* active/ }).waitFor();
    await page.getByText(/7 of 7 sidecars up to date/).waitFor();
    remove('misspelt.yaml');
    await row.waitFor({ state: 'detached' });
  });

  test('a service has charts, figures and who asks it', async () => {
    const { page } = await openPage(browser, url);
    await page.getByRole('link', { name: /^reviews default .* v1 .* v2 .* v3 / }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'reviews' }).waitFor();
    await page.getByRole('img', { name: /^Requests, last minutes: all [1-9.]+\/s, errors 0\/s$/ }).waitFor();
    await page.getByRole('img', { name: /^Duration, last minutes: p50 [\d.]+ ms, p99 [\d.]+ ms$/ }).waitFor();
    await page
      .getByRole('table', { name: 'Who asks reviews' })
      .getByRole('row', { name: /^productpage-v1 reviews-v2 healthy/ })
      .waitFor();
    assert.equal(await page.locator(':focus').getAttribute('id'), 'main');
  });

  test('live requests come as they pass, by filters, and show no secret', async () => {
    const { page } = await openPage(browser, `${url}/#/requests`);
    await page
      .getByRole('row', { name: /200 GET \/details\/0 productpage-v1 details-v1/ })
      .first()
      .waitFor();
    await page.getByLabel('Method or path').fill('/login');
    await page.getByText('Waiting for requests …').waitFor();
    await eventually(async () => {
      const headers = { authorization: 'Bearer hush-header', cookie: 'session=hush-cookie', 'user-agent': 'a test' };
      await httpGet(`${await mesh.ingress()}/login?token=hush-query`, headers);
      assert.ok(
        (await page.getByRole('row', { name: /GET \/login\?token=… istio-ingressgateway productpage-v1/ }).count()) > 0,
      );
    }, 20_000);
    assert.equal(await page.getByRole('row', { name: /GET \/details/ }).count(), 0);
    await page.getByRole('button', { name: 'Hold still' }).click();
    assert.equal(await page.getByRole('button', { name: 'Hold still', pressed: true }).count(), 1);
    assert.doesNotMatch(await page.content(), /hush/);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe finds nothing wrong in ${colorScheme}, and nothing is cut off at 400 %`, async () => {
      const { page, errors } = await openPage(browser, url, { colorScheme, reducedMotion: 'reduce' });
      const ready: readonly (readonly [string, string])[] = [
        ['#/', '.graph .edge.label'],
        ['#/service/default%2Freviews', '.chart .line'],
        ['#/requests', '.requests tbody tr'],
        ['#/config', '.sidecars li'],
      ];
      for (const [fragment, sign] of ready) {
        await page.setViewportSize({ width: 1280, height: 800 });
        await page.goto(`${url}/${fragment}`);
        await page.locator(sign).first().waitFor();
        // A list that grows is long to look through.
        if (fragment === '#/requests') await page.getByRole('button', { name: 'Hold still' }).click();
        assert.deepEqual(await accessibilityFaults(page), [], fragment);
        await page.setViewportSize({ width: 320, height: 256 });
        const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        assert.ok(overflow <= 0, `${fragment} is ${overflow} px too wide`);
      }
      assert.deepEqual(errors, []);
    });
  }

  test('the keyboard leads everywhere, and a table stands in for the graph', async () => {
    const { page } = await openPage(browser, url);
    await page.locator('.graph').waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await page.locator(':focus').textContent(), 'To the content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    const row = page
      .getByRole('table', { name: 'Traffic' })
      .getByRole('row', { name: /^productpage-v1 reviews-v1 healthy [\d.]+\/s 0 % .* mutual TLS$/ });
    await row.waitFor();
    await row.getByRole('link', { name: 'reviews-v1' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'reviews' }).waitFor();
  });

  test('only this machine by its address is answered, and the page may load nothing else', async () => {
    assert.equal(await statusOf(url, { host: 'console.example:15030' }), 403);
    assert.equal(await statusOf(`${url}/api/mesh`, { host: 'attacker.test' }), 403);
    const answer = await httpGet(url);
    assert.equal(answer.status, 200);
    assert.match(
      String(answer.headers['content-security-policy']),
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    );
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
    assert.doesNotMatch((await httpGet(`${url}/api/mesh`)).body, /PRIVATE KEY|Bearer/);
  });
});

const envoy = process.env['MELTEMI_ENVOY'];
const withoutEither = withoutChromium || (envoy ? false : 'MELTEMI_ENVOY names no Envoy');

test('live requests come from Envoys in the place of our sidecars, too', { skip: withoutEither }, async (context) => {
  const mesh = await startMesh({ flags: ['--proxy', envoy!] });
  context.after(() => mesh.close());
  const browser = await startBrowser();
  context.after(() => browser.close());
  const { page } = await openPage(browser, `${(await mesh.status()).console}/#/requests`);
  const passed = page.getByRole('row', { name: /200 GET \/details\/0 productpage-v1 details-v1/ });
  await eventually(async () => {
    await mesh.get('/productpage');
    assert.ok((await passed.count()) > 0);
  }, 30_000);
});

function statusOf(url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(url, { headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    call.on('error', reject);
    call.end();
  });
}
