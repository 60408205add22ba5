"""Is a count unusual? Counts of a bucket in, openings and closings of outages of each series out.

In the order of a bucket's way (`bank.SeriesBank.step`, `block.Block.step`):

1. `season`   what similar days held at this time of day, from the `history` of two weeks
2. `level`    how today compares with that, and the plain mean as long as there is no day to compare with
3. `spread`   how far a bucket, and the expectation itself, usually stray
4. `cusum`    ten sequential likelihood ratios against that expectation
5. `tail`     the bucket by itself: score and interval
6. `window`   opens, dates back, closes, dates back; `lasting` accepts what lasts, and `settling` carries it out
7. `delay`    what is learnt waits twenty minutes first, so that an outage teaches nothing; `slot` gathers what leaves
8. `given_back` what an operator calls a false alarm is learnt after all, from `hot_slots`

`smooth` is a second detector behind the same seam, for the profile of that name; `moved` puts a snapshot in today's
order of series.

`calendar` knows clock changes, holidays and planned work, `sensitivity` turns the number a user sets into a threshold,
`warmup` fills a bank from history, `telling` tells its outcome.

Pure: numpy arrays over series along the last axis, no loop over series, no clock, no randomness.
"""
