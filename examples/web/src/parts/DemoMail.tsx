import { Alert, Code, Text } from '@mantine/core';
import { useInterval } from '@mantine/hooks';
import { useEffect, useState } from 'react';

interface Mail { id: string; to: string; says: string; code: string | null; createdAt: string }

/** On a server in development no mail is sent: this shows the newest code instead. Elsewhere it shows nothing. */
export function DemoMail({ after, onCode }: { after: number; onCode: (code: string) => void }) {
  const [mail, setMail] = useState<Mail | null>(null);
  const [isThere, setIsThere] = useState(true);
  const look = async () => {
    if (!isThere) return;
    try {
      const response = await fetch('/explorer/mails');
      if (!response.ok) return setIsThere(false);
      const { mails } = await response.json() as { mails: Mail[] };
      setMail(mails.find(({ code, createdAt }) => code !== null && Date.parse(createdAt) >= after) ?? null);
    } catch {
      // The next check is soon.
    }
  };
  useInterval(() => void look(), 2000, { autoInvoke: true });
  useEffect(() => void look(), [after]);
  if (!mail?.code) return null;
  return (
    <Alert color="blue" variant="light" title="This demo sends no mail" mt="md" role="status">
      <Text size="sm">
        The mail to {mail.to} would have the code{' '}
        <Code component="button" onClick={() => onCode(mail.code!)} style={{ cursor: 'pointer', border: 0 }} fz="sm" data-testid="code">{mail.code}</Code>.
      </Text>
    </Alert>
  );
}
