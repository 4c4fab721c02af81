import { Card, Group, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';

/** A screen with its heading. */
export function Page({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Pocket Pay`;
  }, [title]);
  return (
    <Stack gap="lg">
      <Group justify="space-between" mih={42}>
        <Title order={1} size="h2">{title}</Title>
        {action}
      </Group>
      {children}
    </Stack>
  );
}

/** A surface on the page, with a heading of its own or without. */
export function Panel({ title, action, children }: { title?: string; action?: ReactNode; children: ReactNode }) {
  return (
    <Card className="surface" padding="lg" withBorder>
      {title && (
        <Group justify="space-between" mb="sm">
          <Title order={2} size="h4">{title}</Title>
          {action}
        </Group>
      )}
      {children}
    </Card>
  );
}

export const Empty = ({ children }: { children: ReactNode }) => <Text c="dimmed" ta="center" py="lg">{children}</Text>;
