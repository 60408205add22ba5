"""What caused an outage, and what did not: candidates, evidence for and against each, a verdict.

1. `candidates.candidates`    who may have caused it, and how likely each is before any evidence
2. one module per kind of evidence: `other_customers`, `statement`; each turns what is known into `Evidence`
3. `verdict.weigh`            posterior of every candidate, the verdict, who is ruled out and why
"""
