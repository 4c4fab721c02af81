import { useMutation, useQuery } from '@apollo/client/react';
import { Anchor, Button, PasswordInput, Select, Stack, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { type FormEvent, useState } from 'react';
import { Link, Navigate } from 'react-router';
import { CurrenciesDocument, SignUpDocument, UsernameAvailableDocument } from '../gql/graphql';
import { useAction } from '../lib/hooks';
import { session } from '../lib/session';
import { Entrance } from '../parts/Entrance';
import { Troubles } from '../parts/Troubles';

const SHORTEST = 12;

export default function SignUp() {
  const [signUp] = useMutation(SignUpDocument);
  const currencies = useQuery(CurrenciesDocument).data?.currencies ?? [];
  const [form, setForm] = useState({ name: '', username: '', email: '', password: '', currency: '' });
  const [isDone, setIsDone] = useState(session.exists);
  const { run, isBusy, troubles, of } = useAction();
  const [username] = useDebouncedValue(form.username.trim(), 400);
  const { data } = useQuery(UsernameAvailableDocument, { variables: { username }, skip: username.length < 3 });
  const isChecked = username.length >= 3 && username === form.username.trim();
  const taken = isChecked ? data?.usernameAvailable.errors[0]?.message : undefined;

  if (isDone) return <Navigate to={form.email ? '/verify-email' : '/'} replace />;
  const set = (field: keyof typeof form) => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget;
    setForm((before) => ({ ...before, [field]: value }));
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const input = { ...form, email: form.email || null, currency: form.currency || currencies[0]?.code };
    const payload = await run(async () => (await signUp({ variables: { input } })).data?.signUp);
    if (!payload?.tokens) return;
    session.begin(payload.tokens);
    setIsDone(true);
  };
  return (
    <Entrance title="Create a wallet" below={<>Do you have a wallet already? <Anchor component={Link} to="/sign-in" underline="always">Sign in</Anchor></>}>
      <form onSubmit={submit}>
        <Stack>
          <TextInput label="Name" description="Other people see it when you pay them" autoComplete="name" required value={form.name} onChange={set('name')} error={of('name')} />
          <TextInput label="Username" description={isChecked && data?.usernameAvailable.available ? 'It is free' : 'People pay you with it'} leftSection="@" autoComplete="username" autoCapitalize="none" required value={form.username} onChange={set('username')} error={of('username') ?? taken} />
          <TextInput label="Email" type="email" description="Needed to reset a forgotten password. We mail you a code" autoComplete="email" value={form.email} onChange={set('email')} error={of('email')} />
          <PasswordInput label="Password" description={`At least ${SHORTEST} characters`} autoComplete="new-password" required minLength={SHORTEST} value={form.password} onChange={set('password')} error={of('password')} />
          {currencies.length > 1 && (
            <Select label="Currency" allowDeselect={false} data={currencies.map(({ code, name }) => ({ value: code, label: `${name} (${code})` }))}
              value={form.currency || (currencies[0]?.code ?? null)} onChange={(currency) => setForm((before) => ({ ...before, currency: currency ?? '' }))} />
          )}
          <Troubles troubles={troubles} shown={['name', 'username', 'email', 'password']} />
          <Button type="submit" loading={isBusy}>Create my wallet</Button>
        </Stack>
      </form>
    </Entrance>
  );
}
