import { useMutation, useQuery } from '@apollo/client/react';
import { Alert, Anchor, Badge, Button, Group, Modal, PasswordInput, SegmentedControl, Skeleton, Stack, Text, TextInput, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { type FormEvent, useState } from 'react';
import { Link } from 'react-router';
import {
  ChangePasswordDocument, CloseWalletDocument, RevokeOtherSessionsDocument, RevokeSessionDocument, type SessionPartsFragment, SessionsDocument,
  SignOutDocument, UpdateProfileDocument, type UpdateProfileInput,
} from '../gql/graphql';
import { useAction, useViewer } from '../lib/hooks';
import { session } from '../lib/session';
import { device, time } from '../lib/words';
import { Page, Panel } from '../parts/Page';
import { PersonLine } from '../parts/Person';
import { Troubles } from '../parts/Troubles';

export default function Account() {
  const viewer = useViewer();
  const [signOut] = useMutation(SignOutDocument);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const leave = async () => {
    await signOut().catch(() => {});
    session.end();
  };
  return (
    <Page title="Account" action={<Button variant="default" onClick={leave}>Sign out</Button>}>
      <Panel>
        <Group justify="space-between">
          <PersonLine person={viewer} />
          <SegmentedControl aria-label="Colours" value={colorScheme} onChange={(value) => setColorScheme(value as typeof colorScheme)} data={[{ value: 'auto', label: 'System' }, { value: 'light', label: 'Light' }, { value: 'dark', label: 'Dark' }]} />
        </Group>
      </Panel>
      <ProfileForm />
      <Sessions />
      <Password />
      <Closing />
    </Page>
  );
}

function ProfileForm() {
  const viewer = useViewer();
  const [update] = useMutation(UpdateProfileDocument);
  const [name, setName] = useState(viewer.name);
  const [email, setEmail] = useState(viewer.email ?? '');
  const [currentPassword, setCurrentPassword] = useState('');
  const [isSaved, setIsSaved] = useState(false);
  const action = useAction();
  const hasNewEmail = email.trim() !== (viewer.email ?? '');
  const save = async (event: FormEvent) => {
    event.preventDefault();
    const input: UpdateProfileInput = { name: name.trim() };
    if (hasNewEmail) Object.assign(input, { email: email.trim() || null, currentPassword });
    const payload = await action.run(async () => (await update({ variables: { input } })).data?.updateProfile);
    setIsSaved(Boolean(payload?.user));
    if (payload?.user) setCurrentPassword('');
  };
  return (
    <Panel title="Profile">
      <form onSubmit={save} onChange={() => setIsSaved(false)}>
        <Stack>
          <TextInput label="Name" required value={name} onChange={(event) => setName(event.currentTarget.value)} error={action.of('name')} />
          <TextInput label="Email" type="email" autoComplete="email" value={email} onChange={(event) => setEmail(event.currentTarget.value)} error={action.of('email')} />
          {viewer.email && !hasNewEmail && (
            <Text size="sm" c="dimmed">{viewer.emailVerified ? 'This address is verified.' : <>This address is not verified. <Anchor component={Link} to="/verify-email" underline="always">Verify it</Anchor></>}</Text>
          )}
          {hasNewEmail && <PasswordInput label="Your password" description="Needed to change the email address" autoComplete="current-password" required value={currentPassword} onChange={(event) => setCurrentPassword(event.currentTarget.value)} error={action.of('currentPassword')} />}
          <Troubles troubles={action.troubles} shown={['name', 'email', 'currentPassword']} />
          <Group><Button type="submit" loading={action.isBusy}>Save</Button><Text role="status" size="sm" c="dimmed">{isSaved && 'Saved.'}</Text></Group>
        </Stack>
      </form>
    </Panel>
  );
}

function Sessions() {
  const { data, refetch } = useQuery(SessionsDocument, { fetchPolicy: 'network-only' });
  const [revokeOthers] = useMutation(RevokeOtherSessionsDocument);
  const action = useAction();
  const sessions = data?.viewer?.sessions;
  const others = async () => {
    await action.run(async () => (await revokeOthers()).data?.revokeOtherSessions);
    await refetch();
  };
  return (
    <Panel title="Where you are signed in" action={sessions && sessions.length > 1 && <Button variant="default" size="compact-sm" loading={action.isBusy} onClick={others}>Sign out the others</Button>}>
      {sessions
        ? <Stack>{sessions.map((one) => <SessionRow key={one.id} shown={one} onRevoked={() => void refetch()} />)}</Stack>
        : <Skeleton h={60} />}
      <Troubles troubles={action.troubles} />
    </Panel>
  );
}

function SessionRow({ shown, onRevoked }: { shown: SessionPartsFragment; onRevoked: () => void }) {
  const [revoke] = useMutation(RevokeSessionDocument);
  const action = useAction();
  const end = async () => {
    if (await action.run(async () => (await revoke({ variables: { id: shown.id } })).data?.revokeSession)) onRevoked();
  };
  return (
    <Group justify="space-between" wrap="nowrap">
      <div>
        <Text fw={600}>{device(shown.userAgent)}</Text>
        <Text size="sm" c="dimmed">Used {time(shown.lastUsedAt)}, signed in {time(shown.createdAt)}</Text>
        <Troubles troubles={action.troubles} />
      </div>
      {shown.current ? <Badge variant="light" flex="none">This device</Badge> : <Button flex="none" variant="default" size="compact-sm" loading={action.isBusy} onClick={end}>Sign out</Button>}
    </Group>
  );
}

function Password() {
  const [change] = useMutation(ChangePasswordDocument);
  const [currentPassword, setCurrentPassword] = useState('');
  const [newPassword, setNewPassword] = useState('');
  const [isDone, setIsDone] = useState(false);
  const action = useAction();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const payload = await action.run(async () => (await change({ variables: { input: { currentPassword, newPassword } } })).data?.changePassword);
    if (!payload?.user) return;
    setIsDone(true);
    setCurrentPassword('');
    setNewPassword('');
  };
  return (
    <Panel title="Password">
      <form onSubmit={submit}>
        <Stack>
          <PasswordInput label="Current password" autoComplete="current-password" required value={currentPassword} onChange={(event) => setCurrentPassword(event.currentTarget.value)} error={action.of('currentPassword')} />
          <PasswordInput label="New password" description="At least 12 characters" autoComplete="new-password" required minLength={12} value={newPassword} onChange={(event) => setNewPassword(event.currentTarget.value)} error={action.of('newPassword')} />
          <Troubles troubles={action.troubles} shown={['currentPassword', 'newPassword']} />
          <Group><Button type="submit" variant="default" loading={action.isBusy}>Change password</Button><Text role="status" size="sm" c="dimmed">{isDone && 'Your password is changed.'}</Text></Group>
        </Stack>
      </form>
    </Panel>
  );
}

function Closing() {
  const [closeWallet] = useMutation(CloseWalletDocument);
  const [isOpen, { open, close }] = useDisclosure(false);
  const [password, setPassword] = useState('');
  const action = useAction();
  const end = async (event: FormEvent) => {
    event.preventDefault();
    const payload = await action.run(async () => (await closeWallet({ variables: { password } })).data?.closeWallet);
    if (payload && payload.errors.length === 0) session.end();
  };
  return (
    <Panel title="Close the wallet">
      <Text size="sm" c="dimmed" mb="sm">An empty wallet can be closed. Your name, email and phone number are erased.</Text>
      <Button color="red" variant="outline" onClick={open}>Close my wallet</Button>
      <Modal opened={isOpen} onClose={close} title="Close your wallet?" centered closeButtonProps={{ 'aria-label': 'Keep the wallet' }}>
        <form onSubmit={end}>
          <Stack>
            <Alert color="red" variant="light" role="presentation">This cannot be undone, and nobody can use your username again.</Alert>
            <PasswordInput label="Your password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.currentTarget.value)} data-autofocus error={action.of('password')} />
            <Troubles troubles={action.troubles} shown={['password']} />
            <Group grow><Button variant="default" onClick={close}>Keep it</Button><Button type="submit" color="red" loading={action.isBusy}>Close it</Button></Group>
          </Stack>
        </form>
      </Modal>
    </Panel>
  );
}
