"""Random and malformed input at every interface. No input may cause a failure of the server.

    test_graphql.py     random documents over the whole schema, with literals and variables
    test_references.py  every id argument and every cursor argument, with malformed and foreign values
    test_requests.py    bodies, headers and query strings over our HTTP protocol, and damaged HTTP bytes
    test_sockets.py     messages of the websocket protocol, and damaged websocket frames
    test_imports.py     CSV files and dumps of `import-supabase`
    test_commands.py    command lines of `pocketpay operator`

    rounds.py           how many cases run, and their seeds
    pool.py             values: the ids, cursors and names of the answers so far, and odd values of every type
    documents.py        makes random documents
    bodies.py           makes malformed JSON and bodies
    damage.py           damages bytes
    answers.py          the laws about an answer: form, types and error codes
    conftest.py         prints the seeds of long runs
    served.py           a server with three signed-in users, and the laws about its log, its CPU time and the books

A test runs a few cases from fixed seeds. `make fuzz` runs each test again and again with new seeds for FUZZ_SECONDS
(300), and prints the seed of a failure; FUZZ_SEED=<seed> runs that seed only.

The documents are made here, not by hypothesis-graphql: it works with this schema, but it makes a document in 40 ms
instead of 0.5 ms and sends no variables, and its arguments are random text, so nearly all documents are refused for
their first argument. Here a round uses the ids and names of earlier answers, so that payments really happen.
"""
