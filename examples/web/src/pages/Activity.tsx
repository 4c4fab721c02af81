import { useQuery } from '@apollo/client/react';
import { Button, SegmentedControl, Select, SimpleGrid, Stack, TextInput, VisuallyHidden } from '@mantine/core';
import { useDebouncedValue, useIntersection } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useMemo, useState } from 'react';
import { type TransactionFilter, type TransactionType, TransactionsDocument } from '../gql/graphql';
import { TYPE } from '../lib/words';
import { Empty, Page, Panel } from '../parts/Page';
import { RowSkeletons, TransactionList } from '../parts/TransactionList';

const PAGE = 20;

/** The first moment of a day in this time zone, and the first moment of the next day. */
const dayStart = (date: string) => new Date(`${date}T00:00`).toISOString();
function nextDayStart(date: string): string {
  const next = new Date(`${date}T00:00`);
  next.setDate(next.getDate() + 1);
  return next.toISOString();
}

export default function Activity() {
  const [search, setSearch] = useState('');
  const [direction, setDirection] = useState('ALL');
  const [type, setType] = useState<TransactionType | null>(null);
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [text] = useDebouncedValue(search.trim(), 300);

  const filter = useMemo(() => {
    const chosen: TransactionFilter = {};
    if (text) chosen.search = text;
    if (direction === 'INCOMING' || direction === 'OUTGOING') chosen.direction = direction;
    if (type) chosen.types = [type];
    if (from) chosen.since = dayStart(from);
    if (to) chosen.until = nextDayStart(to);
    return Object.keys(chosen).length > 0 ? chosen : undefined;
  }, [text, direction, type, from, to]);

  const { data, previousData, loading, error, fetchMore } = useQuery(TransactionsDocument, {
    variables: filter ? { filter, first: PAGE } : { first: PAGE }, notifyOnNetworkStatusChange: true,
  });
  const shown = (data ?? previousData)?.transactions;
  const more = () => shown?.pageInfo.hasNextPage && !loading && fetchMore({ variables: { after: shown.pageInfo.endCursor } }).catch(() => {});
  const { ref, entry } = useIntersection({ rootMargin: '600px' });
  const isNear = entry?.isIntersecting ?? false;
  useEffect(() => {
    if (isNear && !error) void more();
  }, [isNear, shown?.edges.length]);

  return (
    <Page title="Activity">
      <Stack gap="sm" role="search">
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <TextInput aria-label="Search" placeholder="Name, note or bank" type="search" leftSection={<IconSearch size={18} aria-hidden />} value={search} onChange={(event) => setSearch(event.currentTarget.value)} />
          <Select aria-label="Kind" placeholder="All kinds" clearable clearButtonProps={{ 'aria-label': 'All kinds' }} data={Object.entries(TYPE).map(([value, label]) => ({ value, label }))} value={type} onChange={(value) => setType(value as TransactionType | null)} />
        </SimpleGrid>
        <SimpleGrid cols={{ base: 2, sm: 3 }} spacing="sm" style={{ alignItems: 'end' }}>
          <TextInput label="From" type="date" value={from} max={to || undefined} onChange={(event) => setFrom(event.currentTarget.value)} />
          <TextInput label="To" type="date" value={to} min={from || undefined} onChange={(event) => setTo(event.currentTarget.value)} />
          <SegmentedControl className="wide" aria-label="Direction" value={direction} onChange={setDirection} data={[{ value: 'ALL', label: 'All' }, { value: 'INCOMING', label: 'In' }, { value: 'OUTGOING', label: 'Out' }]} />
        </SimpleGrid>
      </Stack>
      <Panel>
        {!shown
          ? <RowSkeletons count={10} />
          : shown.edges.length === 0
            ? <Empty>{filter ? 'Nothing matches.' : 'Nothing yet.'}</Empty>
            : <TransactionList heading="h2" transactions={shown.edges.map(({ node }) => node)} />}
        <div ref={ref}>
          {shown?.pageInfo.hasNextPage && (loading
            ? <RowSkeletons count={3} />
            : <Button fullWidth variant="subtle" onClick={more}>Show more</Button>)}
        </div>
        <VisuallyHidden role="status">{shown && !loading ? `${shown.edges.length} transactions shown` : ''}</VisuallyHidden>
      </Panel>
    </Page>
  );
}
