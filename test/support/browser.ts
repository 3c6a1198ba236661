// A real Chromium for a test of pages, gone when the test ends.
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';

const program = process.env['MELTEMI_CHROMIUM'];

/** For `test`: why there is none. */
export const withoutChromium = program ? false : 'MELTEMI_CHROMIUM names no Chromium';

const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: program!,
    args: [...QUIET, '--disable-component-update', '--disable-sync'],
  });
}

/** A page, and what went wrong in it, as its console says. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ readonly page: Page; readonly errors: readonly string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(url);
  return { page, errors };
}

/** What axe finds wrong, one line each. */
export async function accessibilityFaults(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map(({ html }) => html).join(' ')})`);
}

/** A property of the style that an element has in the end. */
export function styleOf(element: Locator, property: string): Promise<string> {
  return element.evaluate((node, name) => {
    const window = globalThis as unknown as { getComputedStyle(of: unknown): Record<string, string> };
    return window.getComputedStyle(node)[name]!;
  }, property);
}
