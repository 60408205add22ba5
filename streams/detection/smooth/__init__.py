"""The profile `smooth`: small sharp departures of series of high volume, which the CUSUMs of counts are deaf to.

It starts from the plain rule that does well on such traffic, an EWMA of an hour and its deviation of a day, two buckets
in a row beyond a threshold, and betters it where generated series showed that it fails. In the order of a bucket's way
(`block.SmoothBlock.step`):

1. `forecast`  four small forecasts of the next bucket; each series goes by the one that errs least on it
2. `season`    the shape of the day, for the last of the four
3. `spread`    how far a bucket usually strays from it: today and in these two hours
4. `habit`     how far it strays at this time every day: jobs, rough hours
5. `tail`      the threshold in units of that, learnt from the series' own tail, so that two in a row beyond it come
               as often as is tolerated
6. `window`    opens, dates back, closes, dates back, accepts a new level after an hour
7. `telling`   the columns that leave the bank

`pace` holds what all of them need to know of the length of a bucket. Pure, and without a loop over series.
"""
