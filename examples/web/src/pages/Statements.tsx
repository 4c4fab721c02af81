import { useQuery } from '@apollo/client/react';
import { Button, Group, Select, SimpleGrid, Skeleton, Table, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { StatementDocument } from '../gql/graphql';
import { failure, money, time } from '../lib/words';
import { Empty, Page, Panel } from '../parts/Page';

const MONTHS = 12;
const name = new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric' });

/** This month and those before it, as the server names them and as people do. */
function months(): { value: string; label: string }[] {
  const today = new Date();
  return Array.from({ length: MONTHS }, (_, back) => {
    const first = new Date(today.getFullYear(), today.getMonth() - back, 1);
    return { value: `${first.getFullYear()}-${String(first.getMonth() + 1).padStart(2, '0')}`, label: name.format(first) };
  });
}

export default function Statements() {
  const [choices] = useState(months);
  const [month, setMonth] = useState(choices[0]!.value);
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const { data, error } = useQuery(StatementDocument, { variables: { month, timeZone }, fetchPolicy: 'network-only' });
  const statement = data?.wallet?.statement;
  const figures = statement && [
    ['At the start', statement.opening], ['In', statement.moneyIn], ['Out', statement.moneyOut], ['Fees', statement.fees], ['At the end', statement.closing],
  ] as const;
  return (
    <Page title="Statements">
      <Group justify="space-between" align="end">
        <Select label="Month" allowDeselect={false} data={choices} value={month} onChange={(chosen) => setMonth(chosen ?? month)} />
        <Button component="a" href={statement?.csvUrl} download variant="default" data-disabled={!statement || undefined} leftSection={<IconDownload size={18} aria-hidden />}>Download CSV</Button>
      </Group>
      {error && <Text role="alert">{failure(error)}</Text>}
      <SimpleGrid cols={{ base: 2, xs: 3, sm: 5 }}>
        {figures
          ? figures.map(([label, amount]) => (
            <Panel key={label}><Text size="sm" c="dimmed">{label}</Text><Text fw={600} className="amount">{money(amount)}</Text></Panel>
          ))
          : Array.from({ length: 5 }, (_, index) => <Skeleton key={index} h={88} />)}
      </SimpleGrid>
      <Panel title="Entries">
        {!statement
          ? <Skeleton h={300} />
          : statement.entries.nodes.length === 0
            ? <Empty>No money moved in this month.</Empty>
            : (
              <Table.ScrollContainer minWidth={440} scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': 'Entries of the month' } }}>
                <Table>
                  <Table.Thead><Table.Tr><Table.Th>Time</Table.Th><Table.Th>What</Table.Th><Table.Th ta="right">Amount</Table.Th><Table.Th ta="right">Balance</Table.Th></Table.Tr></Table.Thead>
                  <Table.Tbody>
                    {statement.entries.nodes.map((entry) => (
                      <Table.Tr key={entry.id}>
                        <Table.Td>{time(entry.createdAt)}</Table.Td>
                        <Table.Td><Link to={`/activity/${entry.transaction.id}`}>{entry.description || 'Transaction'}</Link></Table.Td>
                        <Table.Td ta="right" className="amount">{money(entry.amount, { signDisplay: 'exceptZero' })}</Table.Td>
                        <Table.Td ta="right" className="amount">{money(entry.balanceAfter)}</Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
                {statement.entries.pageInfo.hasNextPage && <Text size="sm" c="dimmed" mt="sm">The first 50 are shown. The file has all.</Text>}
              </Table.ScrollContainer>
            )}
      </Panel>
    </Page>
  );
}
