import { useMutation } from '@apollo/client/react';
import { Alert, Anchor, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Link } from 'react-router';
import { RequestPasswordResetDocument, ResetPasswordDocument } from '../gql/graphql';
import { useAction } from '../lib/hooks';
import { DemoMail } from '../parts/DemoMail';
import { Entrance } from '../parts/Entrance';
import { Troubles } from '../parts/Troubles';

const tokenOfLink = () => new URLSearchParams(location.hash.slice(1)).get('token');

export default function ForgottenPassword() {
  const [request] = useMutation(RequestPasswordResetDocument);
  const [reset] = useMutation(ResetPasswordDocument);
  const action = useAction();
  const [token] = useState(tokenOfLink);
  const [login, setLogin] = useState('');
  const [code, setCode] = useState('');
  const [newPassword, setNewPassword] = useState('');
  const [sentAt, setSentAt] = useState<number | null>(null);
  const [isDone, setIsDone] = useState(false);

  const ask = async (event: FormEvent) => {
    event.preventDefault();
    const before = Date.now() - 5000;
    const payload = await action.run(async () => (await request({ variables: { input: { login } } })).data?.requestPasswordReset);
    if (payload && payload.errors.length === 0) setSentAt(before);
  };
  const change = async (event: FormEvent) => {
    event.preventDefault();
    const input = token ? { token, newPassword } : { login, code, newPassword };
    const payload = await action.run(async () => (await reset({ variables: { input } })).data?.resetPassword);
    if (payload && payload.errors.length === 0) setIsDone(true);
  };

  const below = <Anchor component={Link} to="/sign-in" underline="always">Back to sign in</Anchor>;
  if (isDone) {
    return (
      <Entrance title="Your password is changed" below={below}>
        <Alert color="teal" role="status">All your devices are signed out. Sign in with the new password.</Alert>
      </Entrance>
    );
  }
  if (!token && sentAt === null) {
    return (
      <Entrance title="Forgotten password" below={below}>
        <form onSubmit={ask}>
          <Stack>
            <Text size="sm" c="dimmed">We mail a code to your verified email address.</Text>
            <TextInput label="Username, email or phone" autoComplete="username" autoCapitalize="none" required value={login} onChange={(event) => setLogin(event.currentTarget.value)} />
            <Troubles troubles={action.troubles} />
            <Button type="submit" loading={action.isBusy}>Send me a code</Button>
          </Stack>
        </form>
      </Entrance>
    );
  }
  return (
    <Entrance title="A new password" below={below}>
      <form onSubmit={change}>
        <Stack>
          {!token && (
            <>
              <Text size="sm" c="dimmed">If {login} has a verified address, a code of eight digits is on its way to it.</Text>
              <TextInput label="Code" inputMode="numeric" autoComplete="one-time-code" required value={code} onChange={(event) => setCode(event.currentTarget.value)} error={action.of('code')} />
            </>
          )}
          <PasswordInput label="New password" description="At least 12 characters" autoComplete="new-password" required minLength={12} value={newPassword} onChange={(event) => setNewPassword(event.currentTarget.value)} error={action.of('newPassword')} />
          <Troubles troubles={action.troubles} shown={token ? ['newPassword'] : ['code', 'newPassword']} />
          <Button type="submit" loading={action.isBusy}>Change my password</Button>
          {sentAt !== null && <DemoMail after={sentAt} onCode={setCode} />}
        </Stack>
      </form>
    </Entrance>
  );
}
