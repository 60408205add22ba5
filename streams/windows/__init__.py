"""Windows: both signals' bucket reports, statements and feedback become outages that explain themselves.

1. `alignment.Alignment`      which buckets are whole: every partition, both signals
2. `ring.Ring`                remembers the newest four hours of columns
3. `sightings.BucketView`     what each signal says of each service in this bucket
4. `lifecycle.advance`        opens, goes on, closes, reopens; `recording.record` keeps the counts from the start on
5. `gathered.Gathered`        regions, symptoms, texts, people; `hearing.Hearing` statements and feedback
6. `judgement.judge`          severity, confidence, cause (`cause/`), and whether any of it is news
7. `revision.write`           the published record; `cloudevents.to_event` its envelope

`correlator.Correlator` runs 2 to 7 for each whole bucket. All of it is a pure function of the log.
"""
