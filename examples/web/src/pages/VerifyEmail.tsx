import { useMutation } from '@apollo/client/react';
import { Alert, Button, Group, Input, PinInput, Stack, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { Link } from 'react-router';
import { RequestEmailVerificationDocument, VerifyEmailDocument, type VerifyEmailInput } from '../gql/graphql';
import { useAction, useViewer } from '../lib/hooks';
import { DemoMail } from '../parts/DemoMail';
import { Page, Panel } from '../parts/Page';
import { Troubles } from '../parts/Troubles';

const DIGITS = 8;

/** The code of a mail, or the link of the mail with its token after "#token=". */
export default function VerifyEmail() {
  const viewer = useViewer();
  const [request] = useMutation(RequestEmailVerificationDocument);
  const [verify] = useMutation(VerifyEmailDocument);
  const action = useAction();
  const [code, setCode] = useState('');
  const [sentAt, setSentAt] = useState<number | null>(null);
  const hasBegun = useRef(false);

  const send = async () => {
    const before = Date.now() - 5000;
    const payload = await action.run(async () => (await request()).data?.requestEmailVerification);
    if (payload && payload.errors.length === 0) setSentAt(before);
  };
  const check = async (input: VerifyEmailInput) => {
    await action.run(async () => (await verify({ variables: { input } })).data?.verifyEmail);
  };
  useEffect(() => {
    if (hasBegun.current || viewer.emailVerified) return;
    hasBegun.current = true;
    const token = new URLSearchParams(location.hash.slice(1)).get('token');
    if (token) {
      // The token must not stay in the browser's history.
      history.replaceState(history.state, '', location.pathname);
      void check({ token });
    } else if (viewer.email) void send();
  }, []);

  return (
    <Page title="Verify your email">
      <Panel>
        {viewer.emailVerified
          ? (
            <Alert color="teal" title="Your email is verified" role="status">
              <Text size="sm" mb="sm">You can now reset your password if you forget it.</Text>
              <Button component={Link} to="/" size="compact-sm">Go to my wallet</Button>
            </Alert>
          )
          : !viewer.email
            ? <Text>You have given no email address yet. Add one under <Link to="/account">Account</Link>.</Text>
            : (
              <Stack>
                <Text>Enter the code of {DIGITS} digits that was sent to <b>{viewer.email}</b>.</Text>
                <Input.Wrapper label="Code">
                  <PinInput length={DIGITS} type="number" oneTimeCode size="md" gap={6} aria-label="Digit of the code" value={code} onChange={setCode}
                    onComplete={(whole) => void check({ code: whole })} disabled={action.isBusy} />
                </Input.Wrapper>
                <Troubles troubles={action.troubles} />
                <Group>
                  <Button disabled={code.length < DIGITS} loading={action.isBusy} onClick={() => check({ code })}>Verify</Button>
                  <Button variant="subtle" onClick={send} disabled={action.isBusy}>Send a new code</Button>
                </Group>
                {sentAt !== null && <DemoMail after={sentAt} onCode={(found) => { setCode(found.replace(/\D/g, '')); void check({ code: found }); }} />}
              </Stack>
            )}
      </Panel>
    </Page>
  );
}
