import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@meltemi/base';
import { SendRoom } from './send-room.ts';

const FULL = 32 * 1024 * 1024;

test('who finds no room is called when there is some, one after the other', () => {
  const room = new SendRoom(new ManualClock());
  const give = room.take(FULL);
  assert.equal(room.isFree, false);
  const called: string[] = [];
  let second = () => {};
  room.wait(() => {
    called.push('first');
    second = room.take(FULL);
  });
  room.wait(() => void called.push('second'));
  const callOff = room.wait(() => void called.push('gone'));
  callOff();
  give();
  assert.deepEqual(called, ['first']);
  second();
  assert.deepEqual(called, ['first', 'second']);
});

test('bytes are given back once', () => {
  const room = new SendRoom(new ManualClock());
  const one = room.take(FULL);
  room.take(FULL);
  one();
  one();
  assert.equal(room.isFree, false);
});

test('a receiver that takes long is not waited for', () => {
  const clock = new ManualClock();
  const room = new SendRoom(clock);
  room.take(FULL);
  let called = false;
  room.wait(() => {
    called = true;
  });
  clock.advance(5000);
  assert.equal(called, true);
  assert.equal(room.isFree, true);
});
