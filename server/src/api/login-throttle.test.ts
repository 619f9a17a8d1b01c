import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  loginAddressesMax,
  loginFailuresEverywhereMax,
  loginFailuresMax,
  loginFailureWindowMs,
} from '../lib/limits.ts';
import { createLoginThrottle, type LoginThrottle } from './login-throttle.ts';

function fail(throttle: LoginThrottle, address: string, nowMs = 0, count = 1): number {
  let passed = 0;
  for (let index = 0; index < count; index++) {
    const attempt = throttle.begin(address, nowMs);
    if (attempt.t === 'wait') continue;
    attempt.end(true);
    passed += 1;
  }
  return passed;
}

test('so many failures in a window, then none until its end', () => {
  const throttle = createLoginThrottle();
  assert.equal(fail(throttle, '192.0.2.1', 1000, 50), loginFailuresMax);
  const refusal = throttle.begin('192.0.2.1', 21_000);
  assert.deepEqual(refusal, { t: 'wait', waitMs: loginFailureWindowMs - 20_000 });
  assert.equal(fail(throttle, '192.0.2.2', 21_000), 1, 'another address');
  assert.equal(fail(throttle, '192.0.2.1', 1000 + loginFailureWindowMs, 50), loginFailuresMax);
});

test('successes count for nothing, guesses under way count as failures', () => {
  const throttle = createLoginThrottle();
  for (let index = 0; index < 3 * loginFailuresMax; index++) {
    const attempt = throttle.begin('192.0.2.1', 0);
    assert.ok(attempt.t === 'go');
    attempt.end(false);
  }
  assert.equal(throttle.addressCount(), 0);
  const running = Array.from({ length: 50 }, () => throttle.begin('192.0.2.1', 0)).filter(
    (attempt) => attempt.t === 'go',
  );
  assert.equal(running.length, loginFailuresMax);
  for (const attempt of running) attempt.end(false);
  assert.equal(fail(throttle, '192.0.2.1'), 1);
});

test('IPv6 counts by /64', () => {
  const throttle = createLoginThrottle();
  for (let index = 0; index < loginFailuresMax; index++) fail(throttle, `2001:db8::${index}`);
  assert.equal(throttle.begin('2001:db8::ffff:1', 0).t, 'wait');
  assert.equal(throttle.begin('2001:db8:0:1::', 0).t, 'go');
});

test('everywhere there is a bound as well, and the table has one', () => {
  const throttle = createLoginThrottle();
  let passed = 0;
  for (let index = 0; index < loginAddressesMax + 100; index++) {
    // A new window everywhere each time: only the table fills.
    passed += fail(throttle, `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, index * 10);
  }
  assert.ok(throttle.addressCount() <= loginAddressesMax);
  assert.ok(passed > loginFailuresEverywhereMax);
  const flood = createLoginThrottle();
  for (let index = 0; index < 1000; index++) fail(flood, `10.0.${index >> 8}.${index & 255}`);
  assert.equal(flood.addressCount(), loginFailuresEverywhereMax);
  assert.equal(flood.begin('192.0.2.1', 0).t, 'wait');
  assert.equal(flood.begin('192.0.2.1', loginFailureWindowMs).t, 'go');
});
