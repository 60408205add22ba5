"""From window revisions to alerts: pure. First form: one route, one alert per window, no sinks but the topic.

1. `AlertBook.take`    a revision -> the alert it leads to, if any
2. `cloudevents`       an alert -> the record
"""
