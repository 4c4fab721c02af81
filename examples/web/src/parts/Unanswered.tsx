import { Alert, Button, Text } from '@mantine/core';
import { IconCloudQuestion } from '@tabler/icons-react';
import type { ReactNode } from 'react';

/** An attempt was sent and its answer was lost, perhaps before a reload: it is sent again with its key, and happens once. */
export function Unanswered({ children, isBusy, onResend }: { children: ReactNode; isBusy: boolean; onResend: () => void }) {
  return (
    <Alert color="yellow" variant="light" icon={<IconCloudQuestion aria-hidden />} title="The answer was lost" role="status">
      <Text size="sm" mb="sm">{children} Send it again to see the result. It happens once, however often it is sent.</Text>
      <Button size="compact-sm" loading={isBusy} onClick={onResend}>Send again</Button>
    </Alert>
  );
}
