import { useMutation } from '@apollo/client/react';
import { Anchor, Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Link, Navigate, useLocation } from 'react-router';
import { SignInDocument } from '../gql/graphql';
import { useAction } from '../lib/hooks';
import { session } from '../lib/session';
import { Entrance } from '../parts/Entrance';
import { Troubles } from '../parts/Troubles';

export default function SignIn() {
  const [signIn] = useMutation(SignInDocument);
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [isDone, setIsDone] = useState(session.exists);
  const { run, isBusy, troubles } = useAction();
  const { state } = useLocation() as { state: { from?: string } | null };

  if (isDone) return <Navigate to={state?.from ?? '/'} replace />;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const payload = await run(async () => (await signIn({ variables: { input: { login, password } } })).data?.signIn);
    if (!payload?.tokens) return;
    session.begin(payload.tokens);
    setIsDone(true);
  };
  return (
    <Entrance title="Sign in" below={<>New here? <Anchor component={Link} to="/sign-up" underline="always">Create a wallet</Anchor></>}>
      <form onSubmit={submit}>
        <Stack>
          <TextInput label="Username, email or phone" autoComplete="username" autoCapitalize="none" required value={login} onChange={(event) => setLogin(event.currentTarget.value)} />
          <PasswordInput label="Password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
          <Troubles troubles={troubles} />
          <Button type="submit" loading={isBusy}>Sign in</Button>
          <Anchor component={Link} to="/reset-password" size="sm" ta="center">I have forgotten my password</Anchor>
        </Stack>
      </form>
    </Entrance>
  );
}
