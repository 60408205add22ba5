"""Outage Streams: errors and reports in, outage windows that explain themselves out.

The main path, and who does each step (`streams.replay.pipeline.Pipeline` is all of it in one process):

1.  bytes to events, or a reason to refuse them    `ingest.decode.BatchDecoder.batch`, `tally.reading.read_batch`
2.  fold a source partition into panes of 10 s     `tally.fold.PartitionFold.read`, `tally.said.SaidFold.read`
3.  publish what changed to `tallies`, and commit  `tally.source.flush`, `roles.tally.Tally.run`
4.  merge, and seal buckets of 60 s                `tally.sealing.Sealing.offer`, `tally.sealing.Sealing.seal`
5.  expect, score, open and close each series      `detection.bank.SeriesBank.step`, `detection.block.Block.step`
6.  tell the bucket on `series`                    `detection.report.bucket_report`, `agents.detect.DetectCore.read`
7.  wait until both signals have told a bucket     `windows.alignment.Alignment.offer`
8.  join witnesses, statements, feedback           `windows.correlator.Correlator.take`, `windows.lifecycle.advance`
9.  explain                                        `windows.judgement.explain`, `windows.cause.verdict.weigh`
10. revise, and publish to `windows`               `windows.revision.write`, `agents.correlate.CorrelateCore.read`
11. tell of it on `alerts`                         `alerts.book.AlertBook.take`, `agents.alert.AlertCore.read`

Steps 4 to 11 run in Faust apps, each around `agents.stateful.StatefulAgent`: snapshot, then acknowledge.
"""
