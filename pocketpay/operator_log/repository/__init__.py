"""The SQL of the operator log.

acts.py         writes and reads acts
proofs.py       the audit's proofs that no act can be changed
act_proofs.py   the audit's proofs that each act has its effect, and each effect has its act
"""
