"""The SQL of the operators' log.

acts.py         writing and reading acts
proofs.py       what the audit proves about them: nobody may rewrite one
act_proofs.py   each act did what it says, and what was done has its act
"""
