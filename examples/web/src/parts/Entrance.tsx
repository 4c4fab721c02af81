import { Card, Center, Group, Stack, Text, Title } from '@mantine/core';
import { IconWallet } from '@tabler/icons-react';
import { type ReactNode, useEffect } from 'react';

/** A screen for people who are not signed in. */
export function Entrance({ title, children, below }: { title: string; children: ReactNode; below: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Pocket Pay`;
  }, [title]);
  return (
    <Center component="main" mih="100vh" p="md">
      <Stack w="100%" maw={420}>
        <Group gap={8} justify="center">
          <IconWallet aria-hidden size={30} color="var(--mantine-color-indigo-text)" />
          <Text fw={700} fz="xl">Pocket Pay</Text>
        </Group>
        <Card className="surface" withBorder padding="xl">
          <Title order={1} size="h3" mb="md">{title}</Title>
          {children}
        </Card>
        <Text ta="center" size="sm" component="div">{below}</Text>
      </Stack>
    </Center>
  );
}
