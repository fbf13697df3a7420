/** The figures of the benchmark. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { median, quantile, rounded, spread } from "../../bench/report/statistics.ts";

test("the median is the middle value, or lies between the two in the middle", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 2, 8]), 3);
  assert.equal(median([7]), 7);
  assert.ok(Number.isNaN(median([])));
});

test("quantiles are interpolated, and values stay in their order", () => {
  const values = [40, 10, 30, 20];
  assert.equal(quantile(values, 0), 10);
  assert.equal(quantile(values, 0.5), 25);
  assert.equal(quantile(values, 0.75), 32.5);
  assert.equal(quantile(values, 1), 40);
  assert.deepEqual(values, [40, 10, 30, 20]);
});

test("the spread is half the distance of the quartiles, as a share of the median", () => {
  assert.equal(spread([100, 100, 100]), 0);
  assert.equal(spread([80, 90, 100, 110, 120]), 0.1);
});

test("an outlier moves neither median nor spread", () => {
  assert.equal(median([100, 101, 99, 100, 5_000]), 100);
  assert.ok(spread([100, 101, 99, 100, 5_000]) < 0.02);
});

test("figures are rounded to four digits", () => {
  assert.equal(rounded(123_456), 123_500);
  assert.equal(rounded(0.000123456), 0.0001235);
});
