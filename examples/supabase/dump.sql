--
-- PostgreSQL database dump
--

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;

--
-- Data for Name: users; Type: TABLE DATA; Schema: auth; Owner: supabase_auth_admin
--

COPY auth.users (instance_id, id, aud, role, email, encrypted_password, raw_user_meta_data, created_at, phone, banned_until, deleted_at, is_anonymous, email_confirmed_at) FROM stdin;
00000000-0000-0000-0000-000000000000	8c0f7c1e-3d54-4a65-9d0e-5d3f0a6b1c01	authenticated	authenticated	maria@example.com	$2a$10$Kev.BOQuVKx22C1w6P3Ujely3w4FKSCQyPbqm1/VXYvrZ3ISW.6Eu	{"full_name": "Maria Mendes"}	2023-02-14 09:30:12.418+00	12025550171	\N	\N	f	2023-02-14 09:30:12.418+00
00000000-0000-0000-0000-000000000000	8c0f7c1e-3d54-4a65-9d0e-5d3f0a6b1c02	authenticated	authenticated	noor@example.com	$2a$10$EBGctQtIkYatDcuwsKkvOu8A1N/Rk.1Eauf0XUX2Y/p3PqqPdQ/mq	{"full_name": "Noor Haddad"}	2023-03-02 18:05:44.102+00	\N	\N	\N	f	\N
00000000-0000-0000-0000-000000000000	8c0f7c1e-3d54-4a65-9d0e-5d3f0a6b1c03	authenticated	authenticated	omar@example.com	$2a$10$uUlVpdGGYamHKnhBjxFzBuPou2.HDbOdzC27sKGKbUdK0YWnTMhKy	{"full_name": "Omar Okafor"}	2023-05-21 07:48:09.77+00	\N	\N	\N	f	2023-05-21 07:48:09.77+00
00000000-0000-0000-0000-000000000000	8c0f7c1e-3d54-4a65-9d0e-5d3f0a6b1c04	authenticated	authenticated	pia@example.com	\N	{"full_name": "Pia Persson"}	2024-01-08 21:11:30.005+00	\N	\N	\N	f	2024-01-08 21:11:30.005+00
\.


--
-- Data for Name: ledger_entries; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.ledger_entries (id, wallet_id, amount, description, created_at) FROM stdin;
5b1d0001-0000-4000-8000-000000000000	f6d0a5b2-7c11-4be0-8a3c-1e2d3c4b5a01	1500.00	Deposit	2023-02-14 09:31:00+00
5b1d0002-0000-4000-8000-000000000000	f6d0a5b2-7c11-4be0-8a3c-1e2d3c4b5a01	-250.00	Dinner at Rosa's\nand a taxi	2023-02-15 22:14:51+00
5b1d0003-0000-4000-8000-000000000000	f6d0a5b2-7c11-4be0-8a3c-1e2d3c4b5a02	100.00	Welcome	2023-03-02 18:05:45+00
5b1d0004-0000-4000-8000-000000000000	f6d0a5b2-7c11-4be0-8a3c-1e2d3c4b5a02	-12.65	Coffee\tand cake	2023-03-03 08:00:00+00
5b1d0005-0000-4000-8000-000000000000	f6d0a5b2-7c11-4be0-8a3c-1e2d3c4b5a03	12.00	Deposit	2023-05-21 07:50:00+00
\.


--
-- Data for Name: profiles; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.profiles (id, username, full_name, avatar_url, updated_at) FROM stdin;
8c0f7c1e-3d54-4a65-9d0e-5d3f0a6b1c01	Maria	Maria Mendes	https://example.com/maria.png	2023-02-14 09:30:12.418+00
8c0f7c1e-3d54-4a65-9d0e-5d3f0a6b1c02	noor_h	Noor Haddad	\N	2023-03-02 18:05:44.102+00
8c0f7c1e-3d54-4a65-9d0e-5d3f0a6b1c03	Support	Omar Okafor	\N	2023-05-21 07:48:09.77+00
8c0f7c1e-3d54-4a65-9d0e-5d3f0a6b1c04	pia	Pia Persson	\N	2024-01-08 21:11:30.005+00
\.


--
-- Data for Name: wallets; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.wallets (id, user_id, currency, created_at) FROM stdin;
f6d0a5b2-7c11-4be0-8a3c-1e2d3c4b5a01	8c0f7c1e-3d54-4a65-9d0e-5d3f0a6b1c01	USD	2023-02-14 09:30:12.418+00
f6d0a5b2-7c11-4be0-8a3c-1e2d3c4b5a02	8c0f7c1e-3d54-4a65-9d0e-5d3f0a6b1c02	USD	2023-03-02 18:05:44.102+00
f6d0a5b2-7c11-4be0-8a3c-1e2d3c4b5a03	8c0f7c1e-3d54-4a65-9d0e-5d3f0a6b1c03	USD	2023-05-21 07:48:09.77+00
f6d0a5b2-7c11-4be0-8a3c-1e2d3c4b5a04	8c0f7c1e-3d54-4a65-9d0e-5d3f0a6b1c04	USD	2024-01-08 21:11:30.005+00
\.


--
-- PostgreSQL database dump complete
--

