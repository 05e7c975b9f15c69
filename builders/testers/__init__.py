"""testers: functions that make tests of packages and fetchers. See testers.md."""
