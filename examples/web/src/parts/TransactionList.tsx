import { Avatar, Badge, Group, Skeleton, Stack, Text } from '@mantine/core';
import { IconBuildingBank, IconCreditCard, IconGift } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { TransactionPartsFragment } from '../gql/graphql';
import { day, hour, signed, STATUS, TYPE } from '../lib/words';
import { Face } from './Person';

const ICONS = { DEPOSIT: IconBuildingBank, WITHDRAWAL: IconBuildingBank, CARD: IconCreditCard, BONUS: IconGift } as const;

export function TransactionIcon({ transaction }: { transaction: TransactionPartsFragment }) {
  const Icon = transaction.counterparty ? null : ICONS[transaction.type as keyof typeof ICONS];
  if (!Icon) return <Face name={transaction.title} />;
  return <Avatar radius="xl" color="indigo" aria-hidden><Icon size={20} /></Avatar>;
}

function Row({ transaction }: { transaction: TransactionPartsFragment }) {
  const { id, title, description, type, status, createdAt, direction } = transaction;
  const isDone = status === 'COMPLETED';
  const hasMoved = isDone || status === 'CREATED' || status === 'PENDING_CONFIRMATION';
  return (
    <Link to={`/activity/${id}`} className="row">
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Group gap="sm" wrap="nowrap" miw={0}>
          <TransactionIcon transaction={transaction} />
          <Stack gap={0} miw={0}>
            <Text fw={600} truncate>{title}</Text>
            <Text size="sm" c="dimmed" truncate>{hour(createdAt)} · {description || TYPE[type]}</Text>
          </Stack>
        </Group>
        <Stack gap={2} align="flex-end">
          <Text
            className="amount"
            fw={600}
            td={hasMoved ? undefined : 'line-through'}
            c={hasMoved ? (isDone && direction === 'INCOMING' ? 'var(--app-income)' : undefined) : 'dimmed'}
          >
            {signed(transaction)}
          </Text>
          {!isDone && <Badge variant="light" color={STATUS[status].color} size="sm">{STATUS[status].text}</Badge>}
        </Stack>
      </Group>
    </Link>
  );
}

/** Transactions under the days on which they were made. */
export function TransactionList({ transactions, heading = 'h3' }: { transactions: TransactionPartsFragment[]; heading?: 'h2' | 'h3' }) {
  const groups = Map.groupBy(transactions, ({ createdAt }) => day(createdAt));
  return (
    <Stack gap="md">
      {[...groups].map(([name, rows]) => (
        <div key={name} role="group" aria-label={name}>
          <Text size="xs" fw={600} c="dimmed" tt="uppercase" px="sm" component={heading}>{name}</Text>
          {rows.map((transaction) => <Row key={transaction.id} transaction={transaction} />)}
        </div>
      ))}
    </Stack>
  );
}

/** A placeholder as large as the rows that are loading, so that the page does not jump. */
export function RowSkeletons({ count = 5 }: { count?: number }) {
  return (
    <div aria-hidden>
      {Array.from({ length: count }, (_, index) => (
        <Group key={index} px="sm" py={10} gap="sm">
          <Skeleton circle h={38} />
          <Stack gap={6} flex={1}><Skeleton h={12} w="40%" /><Skeleton h={10} w="60%" /></Stack>
          <Skeleton h={12} w={70} />
        </Group>
      ))}
    </div>
  );
}
